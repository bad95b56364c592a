internal import Synchronization

/// A disk with a volatile write cache, in memory, and the log of all that was done to it.
///
/// # The fault model
///
/// A volume is a partition written past the page cache, a file, or a directory. It is made of logical blocks.
///
/// Must be survived, at any moment and at any number of moments in a row:
/// - A write that no flush of its volume followed is kept, lost, or kept in part: any of its blocks, in any order, before
///   or after any other such write of any volume. A page cache that writes back when it likes does no worse.
/// - A flush makes durable what was written to its volume before, and says nothing of other volumes, although real
///   disks flush all they have.
/// - A write with forced unit access is durable when it returns, and nothing else is.
/// - Of a file system with a journal (ext4 under the ledger) the changes of names are kept up to some point, in their
///   order, each whole; one without (FAT around the boot environment) keeps any of the blocks with names in them, so
///   that one half of a rename may be there alone. A file's length is a block beside its data: a name may lead to a
///   file without them.
/// - FAT's other writes (the dirty flag in the boot sector, times in a directory entry) leave names, lengths and
///   data as they are, so losing or keeping them makes no state of its own here; the check in the virtual machine has
///   them.
///
/// What each part relies on: boot control on one block of 512 bytes, or on a rename where it is made anew; the ledger on
/// a rename, and on a second copy; a slot on flushes and on its digest.
///
/// Cannot be survived, by anybody: a block that is torn inside or that a cut destroys while it is only next to a block
/// being written; a disk that reports a flush that it did not make (the read-back finds a write that was dropped, not
/// one that is still in the cache); both copies of the bootloader itself.
public final class PowerCutDisk: Sendable {
  /// Bytes of a logical block.
  public static let blockBytes = 512

  /// A volume, by its number.
  public typealias Volume = Int

  public struct Write: Sendable {
    public let volume: Volume
    /// Block numbers and what they hold from now on.
    public let blocks: [(index: Int, content: BlockContent)]
    /// Part of a journal: kept whole, and only after all such writes of the volume before it.
    public let isJournaled: Bool
    /// Durable when it returns.
    public let isForced: Bool
  }

  public enum Entry: Sendable {
    case write(Write)
    case flush(Volume)
    /// What whoever uses the disk wants to find again in the log.
    case mark(Int)
  }

  private struct State {
    var view: DiskImage
    var log: [Entry] = []

    mutating func record(_ write: Write) {
      for block in write.blocks { view[write.volume, block.index] = block.content }
      log.append(.write(write))
    }
  }

  private let state: Mutex<State>
  /// Shared by all disks whose images are compared.
  public let pool: BlockPool

  /// - Parameter volumes: bytes of each volume that is there from the start; zeros.
  public init(volumes: [Int], pool: BlockPool = BlockPool()) {
    self.pool = pool
    state = Mutex(
      State(view: DiskImage(blockCounts: volumes.map { PowerCutDisk.blockCount($0) })))
  }

  /// The disk as a cut has left it.
  public init(_ image: DiskImage, pool: BlockPool) {
    self.pool = pool
    state = Mutex(State(view: image))
  }

  static func blockCount(_ bytes: Int) -> Int { (bytes + blockBytes - 1) / blockBytes }

  /// What a reader sees: all writes made.
  public var view: DiskImage { state.withLock { $0.view } }
  public var log: [Entry] { state.withLock { $0.log } }

  public func mark(_ number: Int) { state.withLock { $0.log.append(.mark(number)) } }

  /// A new volume without blocks; it grows by being written.
  public func addVolume() -> Volume { state.withLock { $0.view.addVolume() } }

  /// `bytes` are a whole number of blocks.
  public func write(
    _ bytes: UnsafeRawBufferPointer, to volume: Volume, atBlock first: Int,
    forced: Bool = false
  ) {
    let count = bytes.count / PowerCutDisk.blockBytes
    let blocks = (0..<count).map { (first + $0, pool.content(of: bytes, block: $0)) }
    record(Write(volume: volume, blocks: blocks, isJournaled: false, isForced: forced))
  }

  private func record(_ write: Write) { state.withLock { $0.record(write) } }

  /// The same with an array, filled up with zeros to whole blocks.
  public func write(_ bytes: [UInt8], to volume: Volume, atBlock first: Int) {
    let missing = (PowerCutDisk.blockBytes - bytes.count % PowerCutDisk.blockBytes)
    let padded =
      missing == PowerCutDisk.blockBytes ? bytes : bytes + [UInt8](repeating: 0, count: missing)
    padded.withUnsafeBytes { write($0, to: volume, atBlock: first) }
  }

  /// Single blocks that hold numbers, such as names and lengths, changed in one write of a journal or one by one.
  func writeNumbers(_ numbers: [(index: Int, value: Int)], to volume: Volume, journaled: Bool) {
    let blocks = numbers.map { ($0.index, pool.content(ofNumber: $0.value)) }
    for blocks in journaled ? [blocks] : blocks.map({ [$0] }) {
      record(Write(volume: volume, blocks: blocks, isJournaled: journaled, isForced: false))
    }
  }

  func number(in volume: Volume, block: Int) -> Int { pool.number(in: view[volume, block]) }

  public func read(
    into buffer: UnsafeMutableRawBufferPointer, from volume: Volume, atBlock first: Int
  ) {
    let view = view
    for index in 0..<buffer.count / PowerCutDisk.blockBytes {
      pool.copy(
        view[volume, first + index],
        to: buffer.baseAddress.map { $0 + index * PowerCutDisk.blockBytes })
    }
  }

  public func flush(_ volume: Volume) { state.withLock { $0.log.append(.flush(volume)) } }

  /// As a clean shutdown does.
  public func flushAll() {
    state.withLock { state in
      for volume in 0..<state.view.volumeCount { state.log.append(.flush(volume)) }
    }
  }
}
