import SlotCore
import Testing

/// Every combination of what the environment can say of order, slots and trial.
let everyControl: [BootControl] = {
  var result: [BootControl] = []
  let slots = [true, false].flatMap { ok in
    (0...4).map { SlotBootState(bootable: ok, triesMade: $0) }
  }
  for first in SlotName.allCases {
    for trial in [nil, SlotName.a, .b] {
      for a in slots {
        for b in slots { result.append(BootControl(first: first, a: a, b: b, trial: trial)) }
      }
    }
  }
  return result
}()

@Suite struct GrubBootControlTests {
  private func read(_ text: String) throws -> BootControl {
    GrubBootControl.read(try GrubEnvironment(decoding: grubBlock(text)))
  }

  @Test func layout() throws {
    let control = BootControl(
      first: .b, a: SlotBootState(bootable: true, triesMade: 0),
      b: SlotBootState(bootable: false, triesMade: 2), trial: .b, tries: 5)
    let bytes = try GrubBootControl.write(control, into: GrubEnvironment()).encoded()
    let zeros = String(repeating: "0", count: 64)
    let blanks = String(repeating: " ", count: 120)
    #expect(
      bytes
        == grubBlock(
          "ORDER=B A\nA_OK=1\nA_TRY=0\nB_OK=0\nB_TRY=2\nTRIAL=B\nTRIES=5\n"
            + "BAD=\(zeros)\nWHY=\(blanks)\n"))
  }

  @Test func everyStateComesBack() throws {
    for control in everyControl where control.hasBootableSlot {
      let environment = try GrubBootControl.write(control, into: GrubEnvironment())
      let read = try GrubEnvironment(decoding: environment.encoded())
      #expect(GrubBootControl.read(read) == control)
    }
  }

  @Test func fixedWidthWithinTheFirstSector() throws {
    var foreign = GrubEnvironment()
    foreign.variables = [.init(name: "saved_entry", value: String(repeating: "x", count: 700))]
    let blocks = try everyControl.filter(\.hasBootableSlot).flatMap { control in
      try [nil, digest("bad")].map { bad in
        var control = control
        control.lastBad = bad
        return try GrubBootControl.write(control, into: foreign).encoded()
      }
    }
    let end = try #require(blocks.first?.firstIndex(of: UInt8(ascii: "x")))
    #expect(end <= GrubEnvironment.atomicByteCount)
    #expect(Set(blocks.map { Array($0[(end - 12)...]) }).count == 1)
    for block in blocks { #expect(GrubWrite(from: blocks[0], to: block).touchesOneSector) }
  }

  @Test func foreignVariablesAreKeptBehind() throws {
    let text = "# note\nsaved_entry=2\nA_OK=0\nx=a\\\\b\nTRIES=2\n"
    let before = try GrubEnvironment(decoding: grubBlock(text))
    let after = try GrubBootControl.write(.scriptDefaults, into: before)
    #expect(after.variables.map(\.name).suffix(2) == ["saved_entry", "x"])
    #expect(after.variables.count == 11)
    #expect(after["x"] == "a\\b")
    #expect(String(decoding: try after.encoded(), as: UTF8.self).contains("\n# note\nORDER="))
  }

  @Test func commentsCannotPushOursOutOfTheFirstSector() throws {
    let long = "# " + String(repeating: "c", count: 600) + "\n"
    let short = "# " + String(repeating: "c", count: 100) + "\n"
    for comments in [long, String(repeating: short, count: 6)] {
      let before = try GrubEnvironment(decoding: grubBlock(comments))
      let bytes = try GrubBootControl.write(.scriptDefaults, into: before).encoded()
      let text = String(decoding: bytes[..<512], as: UTF8.self)
      #expect(text.contains("WHY=" + String(repeating: " ", count: 120) + "\n"))
    }
  }

  @Test func nothingBootableIsNeverWritten() {
    for control in everyControl where !control.hasBootableSlot {
      #expect(
        code { _ = try GrubBootControl.write(control, into: GrubEnvironment()) }
          == BootControlCode.nothingBootable)
    }
  }

  @Test func noRoomIsFull() throws {
    var foreign = GrubEnvironment()
    foreign.variables = [.init(name: "x", value: String(repeating: "x", count: 900))]
    let environment = try GrubBootControl.write(.scriptDefaults, into: foreign)
    #expect(code { _ = try environment.encoded() } == BootControlCode.full)
  }

  @Test func countersAreOneDigit() throws {
    var control = BootControl.scriptDefaults
    control.a.triesMade = 250
    control.b.triesMade = -3
    control.tries = 40
    let read = GrubBootControl.read(try GrubBootControl.write(control, into: GrubEnvironment()))
    #expect(read.a.triesMade == 9 && read.b.triesMade == 0 && read.tries == 9)
  }

  @Test func absentVariablesAreTheScriptsDefaults() throws {
    #expect(try read("") == .scriptDefaults)
    let one = GrubBootControl.read(GrubEnvironment(), defaultTries: 1)
    #expect(one.tries == 1)
  }

  @Test func aReasonIsReadWithoutItsPadding() throws {
    #expect(try read("WHY=gateway failed to start    \n").reason == "gateway failed to start")
    #expect(try read("WHY=\n").reason == nil && read("WHY=   \n").reason == nil)
    #expect(try read("WHY=a\u{1B}b\n").reason == "a\u{FFFD}b")
    #expect(try read("WHY=" + String(repeating: "x", count: 300) + "\n").reason?.count == 120)
  }

  /// What RAUC's scripts keep: no `TRIAL`, `TRIES` or `BAD`.
  @Test func anEnvironmentOfRAUC() throws {
    let control = try read("ORDER=B A\nA_OK=1\nA_TRY=0\nB_OK=0\nB_TRY=1\n")
    #expect(control.first == .b && control.trial == nil && control.tries == 3)
    #expect(control.a == SlotBootState(bootable: true, triesMade: 0))
    #expect(control.b == SlotBootState(bootable: false, triesMade: 1))
  }

  @Test(arguments: ["", "x", "12", "-1", "+1", " 1", "٣"]) func senselessTries(_ text: String)
    throws
  {
    let control = try read("A_TRY=\(text)\nTRIES=\(text)\n")
    #expect(control.a.triesMade == 9)
    #expect(control.triesLeft(.a) == 0)
    #expect(control.tries == 3)
  }

  @Test func senselessWords() throws {
    let control = try read("ORDER=x y\nA_OK=yes\nB_OK=\nTRIAL=C\nTRIES=0\nBAD=abc\n")
    #expect(control.first == .a && !control.hasBootableSlot && control.trial == nil)
    #expect(control.tries == 3 && control.lastBad == nil && control.reason == nil)
    #expect(try read("ORDER=other B A\n").first == .b)
  }
}

extension GrubWrite {
  fileprivate var touchesOneSector: Bool {
    switch self {
    case .nothing, .firstSector: true
    case .newFile: false
    }
  }
}
