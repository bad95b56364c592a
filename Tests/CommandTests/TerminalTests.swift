import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// What a person at a terminal sees: script(1) plays the terminal.
@Suite struct TerminalTests {
  private func onTerminal(_ device: DeviceFolder, _ words: String, answer: String) throws -> String
  {
    try device.write("answer", Array("\(answer)\n".utf8))
    let command = "'\(Executable.update)' \(words) --root '\(device.path)'"
    return try run(
      ["script", "-qec", command, "/dev/null"], input: device.url("answer").path
    ).output.replacingOccurrences(of: "\r\n", with: "\n")
  }

  private static let fullBar = String(repeating: "█", count: 20) + " 100%"

  @Test func barsAndTheQuestion() throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.next.encoded)
    let seen = try onTerminal(device, "apply '\(path)'", answer: "y")
    #expect(seen.components(separatedBy: TerminalTests.fullBar).count == 3)
    #expect(seen.hasSuffix("\nReboot now? [y/N]: Rebooting...\n"))
    #expect(try device.status().contains("Boot slot:    B (root-b.img)"))
  }

  @Test(arguments: ["", "n", "perhaps"])
  func anythingButYesMeansNo(answer: String) throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.newer.encoded)
    let seen = try onTerminal(device, "apply '\(path)'", answer: answer)
    #expect(seen.contains("Reboot now? [y/N]: "))
    #expect(!seen.contains("Rebooting"))
    #expect(try device.status().contains("Boot slot:    A (root-a.img)"))
    #expect(device.nextBoot() == .boot(.b))
  }

  @Test(arguments: ["--no-reboot", "--json"])
  func optionsTakeTheQuestionAway(option: String) throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.newer.encoded)
    let seen = try onTerminal(device, "apply \(option) '\(path)'", answer: "y")
    #expect(!seen.contains("Reboot now?"))
    #expect(try device.status().contains("Boot slot:    A (root-a.img)"))
  }

  /// The sentence begins on a line of its own, not behind half a bar.
  @Test func anErrorInTheMiddleStandsOnItsOwnLine() throws {
    let device = try DeviceFolder()
    let file = Releases.next.encoded
    // All but the last byte.
    let script: RoughServer.Script = { request in
      let (start, last) = (request.rangeStart ?? 0, file.count - 1)
      guard start < last else { return RoughAnswer("404 Not Found") }
      return .file(file, request, after: last - start)
    }
    try withRoughServer(script) { server in
      let seen = try onTerminal(device, "apply \(server.address)", answer: "y")
      #expect(seen.contains("█░"))
      #expect(seen.contains("\nkrux-update: the server answered 404 for"))
    }
    try expectDisarmed(device)
  }
}
