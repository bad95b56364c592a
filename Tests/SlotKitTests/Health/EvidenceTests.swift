import Foundation
import SlotCore
import SystemPackage
import Testing

@testable import SlotKit

@Suite struct EvidenceTests {
  private static func collect(_ scratch: Scratch) -> BootEvidence {
    var places = BootEvidence.Places()
    places.bootStatus = scratch.path("bootstatus")
    places.records = [scratch.path("pstore"), scratch.path("systemd")]
    return .collect(places)
  }

  private static func record(
    _ scratch: Scratch, _ name: String, _ text: String, at time: Int
  ) throws {
    try scratch.write(name, text)
    try runProgram("touch", "-d", "@\(time)", scratch.path(name).string)
  }

  @Test(arguments: [
    ("32\n", true), ("33\n", true), ("0\n", false), ("64\n", false), ("", false), ("x", false),
    ("99999999999\n", false),
  ])
  func theFlagOfTheCardDecides(text: String, expected: Bool) throws {
    try withScratch { scratch in
      try scratch.write("bootstatus", text)
      #expect(EvidenceTests.collect(scratch).watchdogReset == expected)
    }
  }

  @Test func whatIsNotThereIsNoEvidence() throws {
    try withScratch { #expect(EvidenceTests.collect($0) == BootEvidence()) }
  }

  @Test func theNewestPanicIsTold() throws {
    try withScratch { scratch in
      try EvidenceTests.record(
        scratch, "pstore/dmesg-efi-1", "<0>[ 1.0] Kernel panic - not syncing: old\n", at: 1000)
      try EvidenceTests.record(
        scratch, "systemd/17/001/dmesg.txt",
        "Oops#1\n<4>[ 2.0] before\n<0>[ 2.1] Kernel panic - not syncing: VFS: \u{1B}no root\nafter\n",
        at: 2000)
      try EvidenceTests.record(scratch, "pstore/dmesg-efi-2", "<4>[ 3.0] no panic\n", at: 3000)
      #expect(
        EvidenceTests.collect(scratch).panic
          == BootEvidence.Panic(
            line: "Kernel panic - not syncing: VFS: no root", at: Timestamp(seconds: 2000)))
    }
  }

  @Test(arguments: [
    "pstore/console-ramoops-0", "pstore/a/b/c/dmesg-efi-1", "elsewhere/dmesg-efi-1",
  ])
  func otherFilesAreNotRecords(name: String) throws {
    try withScratch { scratch in
      try EvidenceTests.record(scratch, name, "Kernel panic - not syncing: x\n", at: 1000)
      #expect(EvidenceTests.collect(scratch).panic == nil)
    }
  }

  @Test func whatIsReadIsBounded() throws {
    try withScratch { scratch in
      let words = "Kernel panic - not syncing: x"
      try scratch.write("pstore/dmesg-1", words + String(repeating: "y", count: 2 << 20))
      #expect(EvidenceTests.collect(scratch).panic == nil)
      try scratch.write("pstore/dmesg-1", words + String(repeating: "y", count: 5000))
      #expect(EvidenceTests.collect(scratch).panic?.line.utf8.count == 160)
    }
  }

  @Test func recordsAreBoundedInNumber() throws {
    try withScratch { scratch in
      for number in 100..<400 { try scratch.write("pstore/dmesg-\(number)", "nothing\n") }
      try scratch.write("pstore/dmesg-000", "Kernel panic - not syncing: x\n")
      #expect(EvidenceTests.collect(scratch).panic == nil)
      try scratch.write("pstore/dmesg-999", "Kernel panic - not syncing: y\n")
      #expect(EvidenceTests.collect(scratch).panic?.line == "Kernel panic - not syncing: y")
    }
  }
}
