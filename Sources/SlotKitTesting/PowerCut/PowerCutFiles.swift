internal import Glibc
public import SlotKit
internal import Synchronization
public import SystemPackage

/// One directory of files on a `PowerCutDisk`, as `GrubStore` and `LedgerStore` use it.
public final class PowerCutFiles: FileSystem {
  public enum Kind: Sendable {
    /// Changes of names come back in their order, each whole: ext4.
    case journaled
    /// Any of them come back: FAT, which has no hard links either.
    case fat
  }

  private let disk: PowerCutDisk
  private let directory: PowerCutDisk.Volume
  private let kind: Kind
  private let places: Mutex<[String: Int]>

  /// - Parameter places: where the names stand in the directory, as another object on the same volume has them.
  public init(
    _ disk: PowerCutDisk, directory: PowerCutDisk.Volume, _ kind: Kind,
    places: [String: Int] = [:]
  ) {
    self.disk = disk
    self.directory = directory
    self.kind = kind
    self.places = Mutex(places)
  }

  public var names: [String: Int] { places.withLock { $0 } }

  /// The volume of a file: its length in block 0, its bytes behind. Nil when there is no such name.
  public func volume(of name: String) -> PowerCutDisk.Volume? {
    let number = disk.number(in: directory, block: place(of: name))
    return number == 0 ? nil : number
  }

  private func place(of name: String) -> Int {
    places.withLock { places in
      if let place = places[name] { return place }
      places[name] = places.count
      return places.count - 1
    }
  }

  private func place(of path: FilePath) -> Int { place(of: PowerCutFiles.name(path)) }

  private static func name(_ path: FilePath) -> String { path.lastComponent?.string ?? "" }

  private func file(_ path: FilePath) throws -> PowerCutDisk.Volume {
    guard let file = volume(of: PowerCutFiles.name(path)) else {
      throw Errno.noSuchFileOrDirectory
    }
    return file
  }

  private func write(names: [(index: Int, value: Int)]) {
    disk.writeNumbers(names, to: directory, journaled: kind == .journaled)
  }

  public func read(_ path: FilePath, limit: Int) throws -> [UInt8]? {
    guard let file = volume(of: PowerCutFiles.name(path)) else { return nil }
    let length = disk.number(in: file, block: 0)
    guard length <= limit else { throw Errno.fileTooLarge }
    let blocks = PowerCutDisk.blockCount(length)
    var bytes = [UInt8](repeating: 0, count: blocks * PowerCutDisk.blockBytes)
    bytes.withUnsafeMutableBytes { disk.read(into: $0, from: file, atBlock: 1) }
    return Array(bytes.prefix(length))
  }

  public func overwrite(_ path: FilePath, with bytes: [UInt8]) throws {
    let file = try file(path)
    disk.write(bytes, to: file, atBlock: 1)
    disk.flush(file)
  }

  public func create(_ path: FilePath, with bytes: [UInt8], mode: UInt32) throws {
    try create(path, with: bytes, mode: mode, flushed: true)
  }

  /// The same, on request without the flush that makes it safe.
  public func create(
    _ path: FilePath, with bytes: [UInt8], mode: UInt32, flushed: Bool
  ) throws {
    let file: PowerCutDisk.Volume
    if kind == .journaled, let old = volume(of: PowerCutFiles.name(path)) {
      // O_TRUNC keeps the file.
      file = old
      disk.writeNumbers([(0, 0)], to: file, journaled: false)
    } else {
      spoil(PowerCutFiles.name(path))
      file = disk.addVolume()
      write(names: [(place(of: path), file)])
    }
    disk.write(bytes, to: file, atBlock: 1)
    disk.writeNumbers([(0, bytes.count)], to: file, journaled: false)
    if flushed { disk.flush(file) }
  }

  /// Clusters that are freed on FAT get other bytes, whatever other name leads to them. Those of a file that is renamed
  /// over get them after the flush only: nobody else writes to the boot partition.
  private func spoil(_ name: String) {
    guard kind == .fat, let old = volume(of: name) else { return }
    disk.write([UInt8](repeating: 0xE5, count: 1024), to: old, atBlock: 1)
  }

  public func rename(_ path: FilePath, to new: FilePath) throws {
    let file = try file(path)
    write(names: [(place(of: new), file), (place(of: path), 0)])
  }

  public func link(_ path: FilePath, as new: FilePath) throws {
    guard kind == .journaled else { throw Errno.notPermitted }
    guard volume(of: PowerCutFiles.name(new)) == nil else { throw Errno.fileExists }
    write(names: [(place(of: new), try file(path))])
  }

  public func remove(_ path: FilePath) -> Bool {
    guard volume(of: PowerCutFiles.name(path)) != nil else { return false }
    spoil(PowerCutFiles.name(path))
    write(names: [(place(of: path), 0)])
    return true
  }

  public func flush(_ path: FilePath) throws { disk.flush(try file(path)) }

  public func flushDirectory(_ path: FilePath) throws { disk.flush(directory) }

  public func makeDirectory(_ path: FilePath) throws {}

  public func reserve(_ path: FilePath, byteCount: Int) throws {
    if volume(of: PowerCutFiles.name(path)) != nil { return }
    let file = disk.addVolume()
    write(names: [(place(of: path), file)])
    disk.writeNumbers([(0, byteCount)], to: file, journaled: false)
  }
}
