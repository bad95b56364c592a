import Foundation
import SlotCore
import SystemPackage
import Testing

@testable import SlotKit

@Suite struct CheckScriptsTests {
  /// Name and reason of each script in the folders of `scratch`.
  private static func run(
    _ scratch: Scratch, _ folders: String..., environment: [String: String] = [:],
    seconds: Int = 60, cancellation: Cancellation = Cancellation()
  ) -> [String: String] {
    let outcomes = CheckScripts(directories: folders.map(scratch.path))
      .run(environment: environment, timeoutSeconds: seconds, cancellation: cancellation)
    return Dictionary(uniqueKeysWithValues: outcomes.map { ($0.name, $0.reason ?? "healthy") })
  }

  /// What comes of one script.
  private static func reason(of body: String, seconds: Int = 60) throws -> String {
    try withScratch { scratch in
      try scratch.script("usr/10-disk", body)
      return try #require(run(scratch, "usr", seconds: seconds)["10-disk"])
    }
  }

  @Test(arguments: [
    ("exit 0", "healthy"),
    ("echo all is well; echo really >&2", "healthy"),
    ("exit 3", "10-disk failed with status 3"),
    ("echo first; echo the disk is full >&2; echo; exit 1", "10-disk failed: the disk is full"),
    (#"printf 'a\033[2J\tb\r'; exit 1"#, "10-disk failed: a [2J b"),
    ("kill -9 $$", "10-disk was killed by signal 9"),
    ("read line && exit 1; exit 0", "healthy"),
    ("echo x >&-; exit 0", "healthy"),
  ])
  func theEndOfAScriptDecides(body: String, expected: String) throws {
    #expect(try CheckScriptsTests.reason(of: body) == expected)
  }

  @Test func outputIsBounded() throws {
    let body = "yes | head -c 5000000; echo; echo the end; exit 1"
    #expect(try CheckScriptsTests.reason(of: body) == "10-disk failed: the end")
    let long = try CheckScriptsTests.reason(of: "yes x | head -c 9000 | tr -d '\\n'; exit 1")
    #expect(long.utf8.count == 160)
  }

  @Test func onlyTheEndOfTheOutputIsKept() {
    let (ending, output) = BoundedProgram.run(
      ["sh", "-c", "yes | head -c 300000; printf END"], timeoutSeconds: 60,
      cancellation: Cancellation())
    #expect(ending == .exited(status: 0))
    #expect(output.count == 4096)
    #expect(String(decoding: output.suffix(3), as: UTF8.self) == "END")
  }

  @Test func aProgramThatIsNotThereIsNotStarted() {
    let (ending, _) = BoundedProgram.run(
      ["/no/such/program"], timeoutSeconds: 60, cancellation: Cancellation())
    #expect(ending == .notStarted(.noSuchFileOrDirectory))
  }

  // MARK: - Time

  @Test(arguments: [
    "sleep 100",
    "exec >/dev/null 2>&1; sleep 100",
    "trap '' TERM INT HUP; while :; do sleep 100; done",
    "while :; do echo more and more; done",
    "kill -STOP $$",
  ])
  func whatDoesNotEndIsKilled(body: String) throws {
    let start = BootClock.now()
    #expect(
      try CheckScriptsTests.reason(of: body, seconds: 1) == "10-disk did not end within 1 s")
    #expect(BootClock.now() - start < 50_000)
  }

  /// A group that is left behind holds the pipe and the FIFO open.
  @Test(arguments: [("exit 0", "healthy"), ("sleep 100", "10-disk did not end within 1 s")])
  func whatAScriptLeavesInItsGroupIsKilled(end: String, expected: String) throws {
    try withScratch { scratch in
      let fifo = try scratch.fifo("fifo")
      try scratch.script(
        "usr/10-disk", "exec 9>\(scratch.path("fifo")); echo >&9; yes & sleep 100 & \(end)")
      let start = BootClock.now()
      let seconds = end == "exit 0" ? 600 : 1
      #expect(CheckScriptsTests.run(scratch, "usr", seconds: seconds)["10-disk"] == expected)
      #expect(fifo.waitForByte())
      #expect(fifo.waitForEnd())
      #expect(BootClock.now() - start < 50_000)
    }
  }

  @Test func aDaemonThatHoldsTheOutputIsNotWaitedFor() throws {
    let start = BootClock.now()
    #expect(try CheckScriptsTests.reason(of: "setsid sleep 60 & exit 0") == "healthy")
    #expect(BootClock.now() - start < 30_000)
  }

  @Test func aCancellationEndsTheScriptThatRuns() throws {
    try withScratch { scratch in
      let fifo = try scratch.fifo("fifo")
      try scratch.script(
        "usr/10-disk", "exec 9>\(scratch.path("fifo")); echo >&9; sleep 100")
      try scratch.script("usr/20-next", "exit 0")
      let cancellation = Cancellation()
      let canceller = Thread {
        if fifo.waitForByte() { cancellation.cancel(signal: SIGTERM) }
      }
      let start = BootClock.now()
      canceller.start()
      #expect(
        CheckScriptsTests.run(scratch, "usr", cancellation: cancellation)
          == ["10-disk": "10-disk was interrupted"])
      #expect(BootClock.now() - start < 50_000)
      #expect(fifo.waitForEnd())
    }
  }

  // MARK: - What is run

  @Test func scriptsRunInTheOrderOfTheirNames() throws {
    try withScratch { scratch in
      let log = "echo $(basename $0) >> \(scratch.path("log"))"
      try scratch.script("usr/30-c", log)
      try scratch.script("usr/10-a", "\(log); exit 1")
      try scratch.script("etc/20-b", log)
      _ = CheckScriptsTests.run(scratch, "usr", "etc", "missing")
      #expect(try scratch.read("log") == "10-a\n20-b\n30-c\n")
    }
  }

  @Test func laterDirectoriesReplaceAndMask() throws {
    try withScratch { scratch in
      for name in ["10-replaced", "20-empty", "30-null", "40-kept"] {
        try scratch.script("usr/\(name)", "echo of usr; exit 1")
      }
      try scratch.script("etc/10-replaced", "exit 0")
      try scratch.write("etc/20-empty", "")
      try runProgram("ln", "-s", "/dev/null", scratch.path("etc/30-null").string)
      #expect(
        CheckScriptsTests.run(scratch, "usr", "etc")
          == ["10-replaced": "healthy", "40-kept": "40-kept failed: of usr"])
    }
  }

  @Test func whatCannotBeRunIsNotHealthy() throws {
    try withScratch { scratch in
      try scratch.write("usr/plain", "#!/bin/sh\nexit 0\n")
      try runProgram("ln", "-s", "/no/such/file", scratch.path("usr/dangling").string)
      try runProgram("mkfifo", scratch.path("usr/fifo").string)
      try scratch.write("no-interpreter", "#!/no/such/shell\n")
      try runProgram(
        "install", "-m", "755", scratch.path("no-interpreter").string,
        scratch.path("usr/no-interpreter").string)
      #expect(
        CheckScriptsTests.run(scratch, "usr") == [
          "plain": "plain cannot be run: it is not executable",
          "dangling": "dangling cannot be run: it is a link to nothing",
          "fifo": "fifo cannot be run: it is not a file",
          "no-interpreter": "no-interpreter cannot be run: it or its interpreter is missing",
        ])
    }
  }

  @Test func leftoversAndDirectoriesAreNotScripts() throws {
    try withScratch { scratch in
      for name in [".hidden", "10-disk~", "10-disk.bak"] {
        try scratch.script("usr/\(name)", "exit 1")
      }
      try scratch.script("usr/folder/10-disk", "exit 1")
      #expect(CheckScriptsTests.run(scratch, "usr", "missing") == [:])
    }
  }

  @Test func aDirectoryThatCannotBeReadIsNotAnEmptyOne() throws {
    try withScratch { scratch in
      try scratch.write("usr", "not a directory")
      let path = scratch.path("usr").string
      let reason = try #require(CheckScriptsTests.run(scratch, "usr")[path])
      #expect(reason == "\(path) cannot be read: Not a directory")
    }
  }

  // MARK: - What a script gets

  @Test func theEnvironmentIsAddedTo() throws {
    try withScratch { scratch in
      try scratch.script("usr/show", #"echo "$KRUX_SLOT ${PATH:+path}"; exit 1"#)
      #expect(
        CheckScriptsTests.run(scratch, "usr", environment: ["KRUX_SLOT": "A=B"])
          == ["show": "show failed: A=B path"])
    }
  }

  /// In a process of its own, because all of this belongs to the whole process.
  @Test func nothingOfTheWatchingProcessIsInherited() async {
    await #expect(processExitsWith: .success) { try CheckScriptsTests.expectNothingInherited() }
  }

  private static func expectNothingInherited() throws {
    setenv("NOTIFY_SOCKET", "/run/systemd/notify", 1)
    signal(SIGPIPE, SIG_IGN)
    var blocked = sigset_t()
    sigemptyset(&blocked)
    sigaddset(&blocked, SIGTERM)
    pthread_sigmask(SIG_BLOCK, &blocked, nil)
    var ends: [Int32] = [0, 0]
    pipe(&ends)
    dup2(ends[0], STDIN_FILENO)
    dup2(ends[1], 77)
    for (body, expected) in [
      ("read line; exit 0", "healthy"),
      ("[ -z \"$NOTIFY_SOCKET\" ]", "healthy"),
      ("[ ! -e /proc/self/fd/77 ]", "healthy"),
      ("kill -TERM $$; exit 0", "10-disk was killed by signal 15"),
      ("kill -PIPE $$; exit 0", "10-disk was killed by signal 13"),
    ] {
      #expect(try reason(of: body, seconds: 20) == expected)
    }
  }
}

extension CheckScripts.Outcome {
  fileprivate var reason: String? {
    if case .unhealthy(let reason) = result { reason } else { nil }
  }
}
