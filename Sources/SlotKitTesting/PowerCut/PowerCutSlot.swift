public import SlotKit

/// A slot on a `PowerCutDisk`.
public struct PowerCutSlot: SlotDevice {
  public let name: String
  public let byteCount: UInt64
  public let alignment = PowerCutDisk.blockBytes
  private let disk: PowerCutDisk
  private let volume: PowerCutDisk.Volume

  public init(_ disk: PowerCutDisk, volume: PowerCutDisk.Volume, name: String) {
    self.disk = disk
    self.volume = volume
    self.name = name
    byteCount = UInt64(disk.view[volume].count * PowerCutDisk.blockBytes)
  }

  private static func block(_ offset: UInt64) -> Int { Int(offset) / PowerCutDisk.blockBytes }

  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) {
    disk.read(into: buffer, from: volume, atBlock: PowerCutSlot.block(offset))
  }

  public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
    disk.write(bytes, to: volume, atBlock: PowerCutSlot.block(offset))
  }

  public func writeZeros(at offset: UInt64, count: UInt64) {
    disk.write(
      [UInt8](repeating: 0, count: Int(count)), to: volume, atBlock: PowerCutSlot.block(offset))
  }

  public func flush() { disk.flush(volume) }
}
