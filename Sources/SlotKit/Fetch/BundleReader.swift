public import SlotCore

/// The bytes of a bundle, front to back. A pipe can do no more, and a URL need not.
public protocol BundleReader: AnyObject {
  /// For people: the last part of the path, or `standard input`.
  var name: String { get }
  /// Bytes of the whole bundle, where the source says so before the end.
  var totalLength: UInt64? { get }
  /// Bytes from the start of the bundle to what is read next.
  var position: UInt64 { get }
  /// Whether bytes that are skipped need not travel, and those that were passed can be had again.
  var isSelective: Bool { get }
  /// Bytes that travelled, for the account at the end.
  var bytesFetched: UInt64 { get }

  /// Reads up to `buffer.count` bytes; fewer only at the end of the source.
  ///
  /// - Throws: `SourceFailure`, `CancellationFailure`.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int

  /// Says which bytes will be read, in ascending order, before they are: once the header is known, or whenever more
  /// is. Others may be read all the same, but not as fast. What was announced before and not read is forgotten; where
  /// nothing will be read, memory is given back if nothing is on its way.
  func expect(_ ranges: [Range<UInt64>])

  /// Moves on to `offset` without reading what is between where it can. Only a source that is selective goes back too.
  func skip(to offset: UInt64) throws
}

extension BundleReader {
  /// For sources that are near, or give all or nothing.
  public var isSelective: Bool { false }

  /// For sources that gain nothing by knowing.
  public func expect(_ ranges: [Range<UInt64>]) {}

  /// Fills `buffer`.
  ///
  /// - Throws: `BundleFailure.truncated` when the source ends before.
  func fill(_ buffer: UnsafeMutableRawBufferPointer, of total: UInt64) throws {
    let start = position
    let count = try read(into: buffer)
    guard count == buffer.count else {
      throw BundleFailure.truncated(at: start + UInt64(count), expected: total)
    }
  }

  func bytes(_ count: Int, of total: UInt64) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { try fill($0, of: total) }
    return bytes
  }

  /// Reads and drops what is between; for sources that cannot do better.
  func drop(to offset: UInt64) throws {
    let buffer = AlignedBuffer(byteCount: 64 << 10)
    while position < offset {
      let count = Int(min(UInt64(buffer.bytes.count), offset - position))
      guard try read(into: buffer.prefix(count)) == count else {
        throw BundleFailure.truncated(at: position, expected: offset)
      }
    }
  }
}

/// What an operator names as the source of a bundle.
public enum BundleSource: Equatable, Sendable {
  case standardInput
  case file(String)
  case url(String)

  /// `-`, an `http://` or `https://` address, or else a path.
  ///
  /// - Throws: `SourceFailure.badAddress` for other schemes.
  public init(_ text: String) throws(SourceFailure) {
    if text == "-" {
      self = .standardInput
    } else if let scheme = text.range(of: "://") {
      guard ["http", "https"].contains(text[..<scheme.lowerBound].lowercased()) else {
        throw SourceFailure(
          .badAddress, "cannot fetch from '\(text.printable)'",
          hint: "give an http:// or https:// address, a file, or - for standard input")
      }
      self = .url(text)
    } else {
      self = .file(text)
    }
  }

  public func open(
    _ configuration: Configuration, _ cancellation: Cancellation
  ) throws -> any BundleReader {
    switch self {
    case .standardInput: PipeReader(cancellation)
    case .file(let path): try FileReader(path)
    case .url(let url): HTTPReader(url, HTTPOptions(configuration), cancellation)
    }
  }
}

extension StringProtocol {
  /// The first place of `text`; what Foundation has and the standard library has not.
  fileprivate func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) {
        return start..<index(start, offsetBy: text.count)
      }
      formIndex(after: &start)
    }
    return nil
  }
}
