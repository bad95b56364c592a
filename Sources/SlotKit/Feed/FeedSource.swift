internal import SlotCore

/// Where a feed's files come from.
protocol FeedSource {
  /// A file's bytes; `missing` where the server says that there is none.
  ///
  /// - Parameters:
  ///   - address: of the file, percent-encoded.
  ///   - limit: bytes, beyond which it is refused while it comes.
  /// - Throws: `SourceFailure`, `CancellationFailure`.
  func file(_ address: String, limit: Int64) throws -> FeedAnswer

  /// A file's bytes, piece by piece.
  func stream(
    _ address: String, limit: Int64, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws
}

enum FeedAnswer {
  case bytes([UInt8])
  case missing(SourceFailure)

  func required() throws(SourceFailure) -> [UInt8] {
    switch self {
    case .bytes(let bytes): return bytes
    case .missing(let failure): throw failure
    }
  }
}

/// A feed on a web server.
struct HTTPFeedSource: FeedSource {
  let options: HTTPOptions
  let cancellation: Cancellation

  func file(_ address: String, limit: Int64) throws -> FeedAnswer {
    let reader = reader(address, limit)
    do {
      var bytes: [UInt8] = []
      try read(reader) { bytes.append(contentsOf: $0) }
      return .bytes(bytes)
    } catch let failure as SourceFailure where [403, 404].contains(reader.refusal) {
      // Object stores say 403 of what is not there to those who may not list what is.
      return .missing(failure)
    }
  }

  func stream(
    _ address: String, limit: Int64, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try read(reader(address, limit), body)
  }

  private func reader(_ address: String, _ limit: Int64) -> HTTPReader {
    HTTPReader(
      address, options, cancellation, bounds: FetchBounds(maximumBytes: limit, options))
  }

  private func read(
    _ reader: HTTPReader, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let buffer = AlignedBuffer(byteCount: 64 << 10)
    while true {
      let count = try reader.read(into: buffer.prefix(buffer.bytes.count))
      if count == 0 { return }
      try body(UnsafeRawBufferPointer(buffer.prefix(count)))
      try cancellation.check()
    }
  }
}
