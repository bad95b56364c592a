internal import Glibc

/// Page-aligned memory, as O_DIRECT wants it. Reused for a whole install, never grown.
///
/// `@unchecked Sendable`: the owner hands it from thread to thread through a queue, one at a time.
final class AlignedBuffer: @unchecked Sendable {
  static let alignment = 4096

  let bytes: UnsafeMutableRawBufferPointer

  init(byteCount: Int) {
    bytes = .allocate(byteCount: byteCount, alignment: AlignedBuffer.alignment)
  }

  deinit { bytes.deallocate() }

  /// Gives the memory back to the kernel until it is used again; what was in it is lost. `madvise(2)`, MADV_DONTNEED.
  func discard() {
    // Whole pages, which some machines have larger ones of: beside them memory is somebody else's.
    let page = UInt(sysconf(Int32(_SC_PAGESIZE)))
    let start = UInt(bitPattern: bytes.baseAddress)
    let (first, end) = ((start + page - 1) / page * page, (start + UInt(bytes.count)) / page * page)
    guard first < end else { return }
    madvise(UnsafeMutableRawPointer(bitPattern: first), Int(end - first), MADV_DONTNEED)
  }

  func prefix(_ count: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: bytes.prefix(count))
  }

  func slice(_ offset: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }
}

extension UnsafeRawBufferPointer {
  /// Whether every byte is zero, word by word: far cheaper than a digest of zeros.
  var isAllZero: Bool {
    let words = count / 8
    var index = 0
    while index < words {
      // Blocks without a branch inside, which the compiler turns into vector instructions.
      let end = Swift.min(words, index + 64)
      var bits: UInt64 = 0
      while index < end {
        bits |= loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
        index += 1
      }
      if bits != 0 { return false }
    }
    return self[(words * 8)...].allSatisfy { $0 == 0 }
  }

  /// Whether both hold the same bytes: `memcmp(3)`.
  func isEqual(to other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count else { return false }
    guard let baseAddress, let otherAddress = other.baseAddress else { return true }
    return memcmp(baseAddress, otherAddress, count) == 0
  }
}
