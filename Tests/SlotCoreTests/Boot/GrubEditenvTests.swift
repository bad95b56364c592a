import Foundation
import SlotCore
import Testing

/// What this project writes GRUB's own `grub-editenv` lists, and what that sets is read here.
@Suite struct GrubEditenvTests {
  private let folder: URL
  private var file: URL { folder.appendingPathComponent("grubenv") }

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("grub-editenv-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func editenv(_ arguments: String...) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/grub-editenv")
    process.arguments = [file.path] + arguments
    process.standardOutput = output
    try process.run()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return String(decoding: text, as: UTF8.self)
  }

  private func read() throws -> GrubEnvironment {
    try GrubEnvironment(decoding: Array(try Data(contentsOf: file)))
  }

  private func write(_ environment: GrubEnvironment) throws {
    try Data(environment.encoded()).write(to: file)
  }

  private func withFolder(_ body: () throws -> Void) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try body()
  }

  @Test func aBlockThatItCreated() throws {
    try withFolder {
      _ = try editenv("create")
      #expect(GrubBootControl.read(try read()) == .scriptDefaults)
      _ = try editenv("set", "ORDER=B A", "A_OK=1", "A_TRY=2", "B_OK=0", "B_TRY=1", "TRIAL=A")
      let control = GrubBootControl.read(try read())
      #expect(control.first == .b && control.trial == .a)
      #expect(control.a == SlotBootState(bootable: true, triesMade: 2))
      #expect(control.b == SlotBootState(bootable: false, triesMade: 1))
    }
  }

  @Test func itListsWhatIsWrittenHere() throws {
    try withFolder {
      let control = BootControl.scriptDefaults.switched(to: .b, image: digest("1.0.1"))
      try write(GrubBootControl.write(control, into: GrubEnvironment()))
      #expect(
        try editenv("list") == """
          ORDER=B A
          A_OK=1
          A_TRY=0
          B_OK=1
          B_TRY=0
          TRIAL=B
          TRIES=3
          BAD=\(digest("1.0.1").hex)
          WHY=\(String(repeating: " ", count: 120))

          """)
    }
  }

  @Test func itsOwnVariablesAndWarningSurvive() throws {
    try withFolder {
      _ = try editenv("create")
      _ = try editenv("set", "saved_entry=gnulinux\\x", "menu=a=b c")
      let before = try read()
      #expect(before["saved_entry"] == "gnulinux\\x")
      try write(GrubBootControl.write(.scriptDefaults, into: before))
      let listed = try editenv("list")
      #expect(listed.hasPrefix("ORDER=A B\n"))
      #expect(listed.hasSuffix("menu=a=b c\n") && listed.contains("saved_entry=gnulinux\\x\n"))
      _ = try editenv("unset", "menu")
      #expect(try read()["menu"] == nil)
    }
  }

  /// A try that GRUB spends changes the first sector only.
  @Test func aChangeOfOneDigitByItStaysInTheFirstSector() throws {
    try withFolder {
      try write(GrubBootControl.write(.scriptDefaults, into: GrubEnvironment()))
      let before = Array(try Data(contentsOf: file))
      _ = try editenv("set", "A_TRY=1")
      let after = Array(try Data(contentsOf: file))
      #expect(GrubWrite(from: before, to: after) == .firstSector(Array(after[..<512])))
      #expect(GrubBootControl.read(try read()).a.triesMade == 1)
    }
  }
}
