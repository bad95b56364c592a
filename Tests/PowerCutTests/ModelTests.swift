import SlotKitTesting
import SystemPackage
import Testing

/// The disk that loses power, held against what its fault model says.
@Suite struct ModelTests {
  private static let blockBytes = PowerCutDisk.blockBytes

  private static func block(_ byte: UInt8) -> [UInt8] {
    [UInt8](repeating: byte, count: blockBytes)
  }

  /// All states of a life of `disk` that began with zeros, as the first bytes of the blocks of a volume.
  private static func states(_ disk: PowerCutDisk, volume: Int = 0) -> Set<[UInt8]> {
    let empty = PowerCutDisk(volumes: [4 * blockBytes, 4 * blockBytes])
    var states: Set<[UInt8]> = []
    var crashes = CrashStates(empty.view, log: disk.log, randomSubsets: 8, seed: 1)
    crashes.enumerate { image, _ in
      states.insert(image[volume].map { disk.pool.bytes($0)[0] })
    }
    return states
  }

  private static var disk: PowerCutDisk {
    PowerCutDisk(volumes: [4 * blockBytes, 4 * blockBytes])
  }

  @Test func aWriteIsTornAtEachBlock() {
    let disk = ModelTests.disk
    disk.write(ModelTests.block(1) + ModelTests.block(2) + ModelTests.block(3), to: 0, atBlock: 0)
    let expected: Set<[UInt8]> = [
      [0, 0, 0, 0], [1, 0, 0, 0], [0, 2, 0, 0], [0, 0, 3, 0], [1, 2, 0, 0], [1, 0, 3, 0],
      [0, 2, 3, 0], [1, 2, 3, 0],
    ]
    #expect(ModelTests.states(disk) == expected)
  }

  @Test func writesAreReordered() {
    let disk = ModelTests.disk
    disk.write(ModelTests.block(1), to: 0, atBlock: 0)
    disk.write(ModelTests.block(2), to: 0, atBlock: 1)
    #expect(ModelTests.states(disk).contains([0, 2, 0, 0]))
  }

  @Test func aFlushMakesDurableWhatCameBefore() {
    let disk = ModelTests.disk
    disk.write(ModelTests.block(1), to: 0, atBlock: 0)
    disk.flush(0)
    disk.write(ModelTests.block(2), to: 0, atBlock: 1)
    let states = ModelTests.states(disk)
    #expect(!states.contains([0, 2, 0, 0]) && states.contains([1, 2, 0, 0]))
    #expect(states.contains([1, 0, 0, 0]))
  }

  @Test func aFlushSaysNothingOfOtherVolumes() {
    let disk = ModelTests.disk
    disk.write(ModelTests.block(1), to: 0, atBlock: 0)
    disk.flush(1)
    disk.write(ModelTests.block(2), to: 0, atBlock: 1)
    #expect(ModelTests.states(disk).contains([0, 2, 0, 0]))
  }

  @Test func aForcedWriteIsDurableAndNothingElse() {
    let disk = ModelTests.disk
    disk.write(ModelTests.block(1), to: 0, atBlock: 0)
    ModelTests.block(2).withUnsafeBytes { disk.write($0, to: 0, atBlock: 1, forced: true) }
    disk.write(ModelTests.block(3), to: 0, atBlock: 2)
    let states = ModelTests.states(disk)
    #expect(!states.contains([1, 0, 3, 0]) && states.contains([0, 2, 3, 0]))
  }

  @Test func theSameBlockTwiceIsKeptInAnyOrder() {
    let disk = ModelTests.disk
    disk.write(ModelTests.block(1), to: 0, atBlock: 0)
    disk.write(ModelTests.block(2), to: 0, atBlock: 0)
    #expect(ModelTests.states(disk) == [[0, 0, 0, 0], [1, 0, 0, 0], [2, 0, 0, 0]])
  }

  @Test func aRandomRunIsTheSameForTheSameSeed() {
    let disk = ModelTests.disk
    for block in 0..<4 {
      disk.write(
        (0..<4).flatMap { ModelTests.block(UInt8(block * 4 + $0)) }, to: block % 2, atBlock: 0)
    }
    func fingerprints(_ seed: UInt64) -> [UInt64] {
      let start = ModelTests.disk.view
      var crashes = CrashStates(start, log: disk.log, randomSubsets: 20, seed: seed)
      var all: [UInt64] = []
      crashes.enumerate { image, _ in all.append(image.fingerprint) }
      return all
    }
    #expect(fingerprints(1) == fingerprints(1))
    #expect(fingerprints(1) != fingerprints(2))
  }

  // MARK: - Files

  /// What names lead to after each cut of `body`: the first byte of a file, 0 without bytes, nil without a name.
  private static func files(
    _ kind: PowerCutFiles.Kind, _ body: (PowerCutFiles) throws -> Void
  ) throws -> Set<[UInt8?]> {
    let disk = PowerCutDisk(volumes: [8 * blockBytes])
    let files = PowerCutFiles(disk, directory: 0, kind)
    try files.create("old", with: block(1), mode: 0o644)
    try files.flushDirectory("")
    let clean = PowerCutDisk(disk.view, pool: disk.pool)
    let living = PowerCutFiles(clean, directory: 0, kind, places: files.names)
    try body(living)
    var found: Set<[UInt8?]> = []
    var crashes = CrashStates(disk.view, log: clean.log, randomSubsets: 20, seed: 1)
    try crashes.enumerate { image, _ in
      let left = PowerCutFiles(
        PowerCutDisk(image, pool: disk.pool), directory: 0, kind, places: living.names)
      found.insert(
        try ["old", "new"].map { try left.read(FilePath($0), limit: 4096).map { $0.first ?? 0 } })
    }
    return found
  }

  @Test func aRenameOfAFlushedFileIsWholeWithAJournal() throws {
    let found = try ModelTests.files(.journaled) { files in
      try files.create("new", with: ModelTests.block(2), mode: 0o644)
      try files.rename("new", to: "old")
      try files.flushDirectory("")
    }
    #expect(Set(found.map { $0[0] }) == [1, 2])
    #expect(!found.contains([2, 2]))
  }

  @Test func aRenameMayBeThereByHalfOnFAT() throws {
    let found = try ModelTests.files(.fat) { files in
      try files.create("new", with: ModelTests.block(2), mode: 0o644)
      try files.flushDirectory("")
      try files.rename("new", to: "old")
    }
    #expect(found.contains([2, 2]) && found.contains([1, nil]))
  }

  @Test func aNameMayLeadToAFileWithoutItsBytes() throws {
    let found = try ModelTests.files(.journaled) { files in
      try files.create("new", with: ModelTests.block(2), mode: 0o644, flushed: false)
      try files.rename("new", to: "old")
    }
    #expect(found.contains([0, nil]))
  }
}
