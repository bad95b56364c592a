internal import SlotCore

/// A bundle on a web server, read by requests for parts of it. A server that gives no parts is read through.
final class HTTPReader: BundleReader {
  let name: String
  private(set) var position: UInt64 = 0
  var totalLength: UInt64? { fetch.totalLength }
  /// Known from the first answer on: a server that gives the whole file does so again.
  var isSelective: Bool { !fetch.isReadThrough }
  var bytesFetched: UInt64 { fetch.bytesFetched }
  /// The server's status, where that ended the reading.
  var refusal: Int? { fetch.refusal }
  private let fetch: HTTPFetch

  /// - Parameter bounds: of a file that is read whole.
  init(
    _ url: String, _ options: HTTPOptions, _ cancellation: Cancellation, bounds: FetchBounds? = nil
  ) {
    fetch = HTTPFetch(url, options, cancellation, bounds: bounds)
    name = HTTPReader.withoutSecrets(url).split(separator: "/").last.map(String.init) ?? ""
  }

  deinit { fetch.stop() }

  func expect(_ ranges: [Range<UInt64>]) { fetch.expect(ranges, from: position) }

  func skip(to offset: UInt64) throws {
    if offset < position { fetch.restart(at: offset) }
    position = offset
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = try fetch.read(at: position, into: rest)
      if count == 0 { break }
      done += count
      position += UInt64(count)
    }
    return done
  }

  /// The address without user, password and query, which may hold secrets and would end up in logs.
  static func withoutSecrets(_ url: String) -> String {
    let parts = withoutQuery(url)
      .split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    let shown = parts.enumerated().map { index, part in
      let end = index == 2 ? part.lastIndex(of: "@").map(part.index(after:)) : nil
      return String(part[(end ?? part.startIndex)...])
    }
    return shown.joined(separator: "/").printable
  }

  /// Scalars, not characters: what joins with the `?` to one character would carry the query along.
  private static func withoutQuery(_ url: String) -> Substring.UnicodeScalarView {
    url.unicodeScalars.prefix { $0 != "?" && $0 != "#" }
  }
}
