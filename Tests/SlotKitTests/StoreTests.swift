import Foundation
import SlotCore
import SlotKit
import SlotKitTesting
import SystemPackage
import Testing

/// A temporary folder that goes away with its owner.
final class TemporaryFolder {
  let url: URL
  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(at: url) }
  var path: FilePath { FilePath(url.path) }
  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: url.appending(path: name))
  }
  func read(_ name: String) throws -> String {
    try String(contentsOf: url.appending(path: name), encoding: .utf8)
  }
}

@Suite struct LedgerStoreTests {
  private static let context = LedgerContext(now: Timestamp(seconds: 0), bootID: "b")
  private static let image = ImageIdentity(
    version: "1.0", sequence: 1, imageDigest: Digest(of: [1]), imageLength: 4096,
    frameSize: 65536)

  private static func saved(_ store: LedgerStore) throws -> Ledger {
    var ledger = Ledger()
    ledger.provision(.a, image, context)
    return try store.save(ledger)
  }

  @Test func keepsWhatWasSavedAndCounts() throws {
    let folder = try TemporaryFolder()
    let store = LedgerStore(directory: folder.path)
    let first = try LedgerStoreTests.saved(store)
    #expect(first.generation == 1)
    let second = try store.save(first)
    #expect(second.generation == 2)
    let loaded = try store.load()
    #expect(loaded.origin == .current)
    #expect(loaded.ledger[.a]?.image == LedgerStoreTests.image)
  }

  @Test(arguments: ["", "{", "garbage", "{\"type\":\"krux-ledger\"}", "[]"])
  func usesThePreviousOneWhenTheNewestIsDamaged(text: String) throws {
    let folder = try TemporaryFolder()
    let store = LedgerStore(directory: folder.path)
    let first = try LedgerStoreTests.saved(store)
    _ = try store.save(first)
    try folder.write(text, to: "ledger.json")
    let loaded = try store.load()
    guard case .previous = loaded.origin else {
      Issue.record("\(loaded.origin)")
      return
    }
    #expect(loaded.ledger.generation == 1)
  }

  @Test func aDamagedOneDoesNotTakeThePlaceOfTheOneBefore() throws {
    let folder = try TemporaryFolder()
    let store = LedgerStore(directory: folder.path)
    let first = try LedgerStoreTests.saved(store)
    let second = try store.save(first)
    try folder.write("garbage", to: "ledger.json")
    _ = try store.save(second)
    try folder.write("garbage", to: "ledger.json")
    #expect(try store.load().ledger.generation == first.generation)
  }

  /// A bad sector under the newest one, which stays bad.
  @Test func oneThatCannotBeReadIsADamagedOne() throws {
    let folder = try TemporaryFolder()
    let store = LedgerStore(directory: folder.path)
    _ = try store.save(try LedgerStoreTests.saved(store))
    let rotten = LedgerStore(
      directory: folder.path, files: RottenFiles(name: "ledger.json"))
    let loaded = try rotten.load()
    #expect(loaded.ledger.generation == 1)
    guard case .previous = loaded.origin else {
      Issue.record("\(loaded.origin)")
      return
    }
    #expect(try rotten.save(loaded.ledger).generation == 2)
    #expect(try store.load().origin == .current)
  }

  @Test func aReadThatFailsOnceLosesNothing() throws {
    let folder = try TemporaryFolder()
    let store = LedgerStore(directory: folder.path)
    _ = try store.save(try LedgerStoreTests.saved(store))
    let shaky = LedgerStore(
      directory: folder.path, files: RottenFiles(name: "ledger.json", failures: 2))
    let loaded = try shaky.load()
    #expect(loaded.ledger.generation == 2)
    #expect(loaded.origin == .current)
  }

  @Test func saysWhenAllIsLostOrNew() throws {
    let folder = try TemporaryFolder()
    let store = LedgerStore(directory: folder.path)
    #expect(try store.load().origin == .none)
    try folder.write("garbage", to: "ledger.json")
    guard case .lost = try store.load().origin else {
      Issue.record("not lost")
      return
    }
  }

  /// A real file system that is really full.
  @Test func aFullFileSystemIsToldBeforeAndTheReserveIsUsed() throws {
    let folder = try TemporaryFolder()
    try runProgram("mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", folder.url.path)
    defer { _ = try? runProgram("umount", folder.url.path) }
    let store = LedgerStore(directory: folder.path)
    let ledger = try LedgerStoreTests.saved(store)
    try store.requireReserve()
    let filler = folder.url.appending(path: "filler")
    try Data().write(to: filler)
    let handle = try FileHandle(forWritingTo: filler)
    while (try? handle.write(contentsOf: Data(count: 4096))) != nil {}
    try handle.close()
    // The reserve makes room for what an install has to write down.
    let next = try store.save(ledger)
    #expect(next.generation == ledger.generation + 1)
    let failure = #expect(throws: LedgerFailure.self) { try store.requireReserve() }
    #expect(failure?.code == .noSpace)
  }
}

@Suite struct GrubStoreTests {
  private static let control = BootControl(
    first: .b, a: SlotBootState(bootable: true, triesMade: 2),
    b: SlotBootState(bootable: true, triesMade: 0), trial: .b)

  @Test func grubEditenvReadsWhatIsWritten() throws {
    let folder = try TemporaryFolder()
    let path = folder.url.appending(path: "grubenv").path
    try runProgram("grub-editenv", path, "create")
    try runProgram("grub-editenv", path, "set", "saved_entry=x\\y")
    try GrubStore(path: FilePath(path)).save(GrubStoreTests.control)
    let listed = try runProgram("grub-editenv", path, "list").split(separator: "\n").map(
      String.init)
    #expect(
      listed.prefix(7) == [
        "ORDER=B A", "A_OK=1", "A_TRY=2", "B_OK=1", "B_TRY=0", "TRIAL=B", "TRIES=3",
      ])
    #expect(listed.contains("saved_entry=x\\y"))
    #expect(try GrubStore(path: FilePath(path)).load() == GrubStoreTests.control)
  }

  /// After half a rename on FAT two names lead to the same clusters, as two links lead to one file.
  @Test func aNameThatACutLeftOverIsLeftAlone() throws {
    let folder = try TemporaryFolder()
    let path = folder.url.appending(path: "grubenv").path
    try folder.write("damaged", to: "grubenv")
    try FileManager.default.linkItem(atPath: path, toPath: path + ".new")
    try GrubStore(path: FilePath(path)).recreate(GrubStoreTests.control)
    #expect(try folder.read("grubenv.new") == "damaged")
    #expect(try GrubStore(path: FilePath(path)).load() == GrubStoreTests.control)
  }

  /// Whoever wrote it may have been ended before it was flushed.
  @Test func whatStandsThereAlreadyIsFlushed() throws {
    let disk = PowerCutDisk(volumes: [512])
    let files = PowerCutFiles(disk, directory: 0, .fat)
    let store = GrubStore(path: "grubenv", files: files)
    try store.recreate(GrubStoreTests.control)
    let file = try #require(files.volume(of: "grubenv"))
    let written = disk.log.count
    try store.save(GrubStoreTests.control)
    let flushes = disk.log[written...].count { if case .flush(file) = $0 { true } else { false } }
    #expect(flushes == 1)
  }

  /// A disk that drops the bytes of a new environment and says nothing.
  @Test func aNewEnvironmentIsReadBack() throws {
    let folder = try TemporaryFolder()
    let store = GrubStore(path: folder.path.appending("grubenv"), files: ForgetfulFiles())
    let failure = #expect(throws: BootControlFailure.self) {
      try store.recreate(GrubStoreTests.control)
    }
    #expect(failure?.code == .ioFailed)
  }

  /// Only the first sector may differ, or a power cut could tear the change.
  @Test func aChangeTouchesTheFirstSectorOnly() throws {
    let folder = try TemporaryFolder()
    let path = folder.url.appending(path: "grubenv").path
    try runProgram("grub-editenv", path, "create")
    // A foreign variable that reaches into the second sector.
    try runProgram("grub-editenv", path, "set", "long=" + String(repeating: "v", count: 500))
    let store = GrubStore(path: FilePath(path))
    try store.save(GrubStoreTests.control)
    let before = try Data(contentsOf: URL(filePath: path))
    let inode = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
    try store.save(GrubStoreTests.control.confirmed(booted: .b, image: nil))
    let after = try Data(contentsOf: URL(filePath: path))
    #expect(before.count == 1024)
    #expect(before != after)
    #expect(before[512...] == after[512...])
    let later = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
    #expect(inode == later, "written in place, not through another file")
    #expect(try runProgram("grub-editenv", path, "list").contains("long=vvv"))
  }

  @Test(arguments: ["", "garbage", String(repeating: "#", count: 1024)])
  func aDamagedEnvironmentIsToldAndCanBeMadeAnew(text: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(text, to: "grubenv")
    let store = GrubStore(path: folder.path.appending("grubenv"))
    let failure = #expect(throws: BootControlFailure.self) { try store.load() }
    #expect(failure?.code == .damaged)
    #expect(throws: BootControlFailure.self) { try store.save(GrubStoreTests.control) }
    #expect(try folder.read("grubenv") == text)
    try store.recreate(GrubStoreTests.control)
    #expect(try store.load() == GrubStoreTests.control)
  }
}

@Suite struct DataMountTests {
  /// What stands in the directory while the data partition is not mounted is not the ledger.
  @Test func aLedgerNeedsItsMount() throws {
    let folder = try TemporaryFolder()
    _ = try LedgerStore(directory: folder.path).save(Ledger())
    #expect(throws: Never.self) { try LedgerStore(directory: folder.path, mount: "/").load() }
    let store = LedgerStore(directory: folder.path, mount: folder.path)
    let failure = #expect(throws: LedgerFailure.self) { try store.load() }
    #expect(failure?.message == "the data partition is not mounted at \(folder.path)")
    #expect(throws: LedgerFailure.self) { try store.save(Ledger()) }
    #expect(try LedgerStore(directory: folder.path).load().ledger.generation == 1)
  }
}

@Suite struct LockTests {
  @Test func aSecondOneIsToldWhoHoldsIt() throws {
    let folder = try TemporaryFolder()
    let first = try UpdateLock(directory: folder.path, command: "apply")
    let failure = #expect(throws: LockFailure.self) {
      try UpdateLock(directory: folder.path, command: "rollback")
    }
    withExtendedLifetime(first) {}
    #expect(failure?.code == .held)
    #expect(failure?.message.contains("process \(getpid()), apply") == true)
  }

  @Test func itCanBeWaitedFor() async throws {
    let folder = try TemporaryFolder()
    let directory = folder.path
    var first: UpdateLock? = try UpdateLock(directory: directory, command: "apply")
    #expect(throws: LockFailure.self) {
      try UpdateLock(directory: directory, command: "confirm", patience: 60)
    }
    let second = Task.detached {
      try UpdateLock(directory: directory, command: "confirm", patience: 60_000)
    }
    withExtendedLifetime(first) {}
    first = nil
    await #expect(throws: Never.self) { try await second.value }
  }

  @Test func itIsFreeAgainAfterwards() throws {
    let folder = try TemporaryFolder()
    do { _ = try UpdateLock(directory: folder.path, command: "apply") }
    let second = try UpdateLock(directory: folder.path, command: "apply")
    withExtendedLifetime(second) { #expect(Bool(true)) }
  }
}
