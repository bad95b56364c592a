internal import SlotCore

/// The first 64 KiB of an image, kept in memory from when they are known until they are written, last of all.
/// While they are zero on the disk no bootloader finds a kernel in the slot, whatever its variables say.
///
/// `@unchecked Sendable`: one thread sets it, under `monitor`, before the threads that write have ended.
final class SlotHead: @unchecked Sendable {
  static let byteCount: UInt64 = 64 << 10

  private let monitor = Monitor()
  private let buffer: AlignedBuffer
  private var isKnown = false

  init(imageLength: UInt64) {
    buffer = AlignedBuffer(byteCount: Int(min(SlotHead.byteCount, imageLength)))
  }

  var count: Int { buffer.bytes.count }

  /// Takes the head from the first bytes of the image.
  func take(from image: UnsafeRawBufferPointer) {
    monitor.locked {
      buffer.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: image.prefix(count)))
      isKnown = true
    }
  }

  /// The head's bytes; nil until `take`.
  var bytes: UnsafeRawBufferPointer? {
    monitor.locked { isKnown ? UnsafeRawBufferPointer(buffer.bytes) : nil }
  }
}
