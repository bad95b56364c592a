internal import CCurl
internal import SlotCore
internal import SystemPackage

/// A bundle on a web server, read by one request, and by further ones with ranges after a break or a gap. A
/// server that ignores ranges is read through.
final class HTTPReader: BundleReader {
  /// Reading on costs less than a new request up to about this distance.
  static let gapBytes: UInt64 = 1 << 20

  let name: String
  private(set) var position: UInt64 = 0
  private(set) var bytesFetched: UInt64 = 0
  var totalLength: UInt64? { identity?.totalLength }

  private let url: String
  private let options: HTTPOptions
  private let cancellation: Cancellation
  private var identity: HTTPIdentity?
  private var transfer: HTTPTransfer?
  /// Bytes still to be dropped of an answer that began before `position`.
  private var excess: UInt64 = 0
  private var fruitless = 0
  private var ignoresRanges = false

  init(_ url: String, _ options: HTTPOptions, _ cancellation: Cancellation) {
    self.url = url
    self.options = options
    self.cancellation = cancellation
    let path = HTTPReader.withoutQuery(url)
    name = path.split(separator: "/").last.map { String($0).printable } ?? url.printable
  }

  deinit { transfer?.stop() }

  func skip(to offset: UInt64) throws {
    if offset - position <= HTTPReader.gapBytes || (ignoresRanges && transfer != nil) {
      return try drop(to: offset)
    }
    transfer?.stop()
    transfer = nil
    excess = 0
    position = offset
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var done = 0
    while done < buffer.count {
      try cancellation.check()
      if let total = totalLength, position >= total, excess == 0 { break }
      guard let transfer = try openedTransfer() else { continue }
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      guard let count = transfer.read(into: limited(rest)) else {
        guard try isCompleteAfterEnd(of: transfer) else { continue }
        break
      }
      bytesFetched += UInt64(count)
      if excess > 0 {
        excess -= UInt64(count)
      } else {
        fruitless = 0
        done += count
        position += UInt64(count)
      }
    }
    return done
  }

  /// The first byte that an answer brings; nil for one that brings no part of a file.
  private static func start(of headers: HTTPHeaders) -> UInt64? {
    switch headers.status {
    case 200: 0
    case 206: headers.rangeStart
    default: nil
    }
  }

  /// While there is excess it must not run into bytes that count.
  private func limited(_ buffer: UnsafeMutableRawBufferPointer) -> UnsafeMutableRawBufferPointer {
    guard excess > 0 else { return buffer }
    return UnsafeMutableRawBufferPointer(
      rebasing: buffer.prefix(Int(min(UInt64(buffer.count), excess))))
  }

  /// The transfer at `position`; nil when it could not be had this time and is worth another try.
  private func openedTransfer() throws -> HTTPTransfer? {
    if let transfer { return transfer }
    let new = HTTPTransfer(
      url, from: position, validator: identity?.entityTag ?? identity?.lastModified, options,
      cancellation)
    transfer = new
    let headers = new.waitForHeaders()
    guard let start = HTTPReader.start(of: headers) else {
      // Errors end the transfer by themselves; anything else is an answer that brings no bundle.
      new.stop()
      if new.ending.map({ $0.code == CURLE_OK || $0.code == CURLE_WRITE_ERROR }) ?? true {
        throw SourceFailure(
          .httpStatus,
          "the server answered \(headers.status) for \(HTTPReader.withoutSecrets(url)), which is no file",
          hint: "check the address and the server")
      }
      _ = try isCompleteAfterEnd(of: new)
      return nil
    }
    if position > 0, headers.status == 200 { ignoresRanges = true }
    let isSame = identity.map { $0.canBe(headers.identity) } ?? true
    guard isSame, start <= position else {
      throw SourceFailure(
        .changed, "the bundle on the server changed while it was being read",
        hint: "run the command again")
    }
    if identity == nil { identity = headers.identity }
    excess = position - start
    return new
  }

  /// After the end of a transfer: true when all bytes are here. Else the next try is prepared, after a pause.
  private func isCompleteAfterEnd(of ended: HTTPTransfer) throws -> Bool {
    ended.stop()
    transfer = nil
    try cancellation.check()
    guard let end = ended.ending else { return false }
    if end.code == CURLE_OK {
      // Without a stated length the end of the body is the end; with one, a short body is a break.
      guard let total = totalLength else { return excess == 0 }
      if position >= total { return true }
    }
    let failure = HTTPReader.failure(of: end, url: url)
    guard failure.isTransient, fruitless < options.retries else { throw failure.error }
    fruitless += 1
    excess = 0
    let factor = Int64(1) << Int64(min(fruitless - 1, 5))
    try cancellation.sleep(milliseconds: Int64(options.retryDelaySeconds) * 1000 * factor)
    return false
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

  private static func failure(
    of end: HTTPTransfer.End, url: String
  ) -> (error: SourceFailure, isTransient: Bool) {
    let place = HTTPReader.withoutSecrets(url)
    switch end.code {
    case CURLE_HTTP_RETURNED_ERROR:
      let transient = end.status >= 500 || end.status == 408 || end.status == 429
      let hint =
        end.status == 404
        ? "check the address" : transient ? "try again later" : "check the address and the server"
      return (
        SourceFailure(.httpStatus, "the server answered \(end.status) for \(place)", hint: hint),
        transient
      )
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
      return (
        SourceFailure(
          .certificate, "the certificate of the server is not accepted: \(end.detail)",
          hint: "check the clock of this device and 'certificate-authorities' in update.toml"),
        false
      )
    case CURLE_TOO_MANY_REDIRECTS:
      return (
        SourceFailure(
          .tooManyRedirects, "\(place) redirects in a circle, or too often",
          hint: "check the address and the server"), false
      )
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
      return (
        SourceFailure(
          .badAddress, "cannot fetch from '\(place)': \(end.detail)", hint: "check the address"),
        false
      )
    case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
      return (
        SourceFailure(
          .unreachable, "cannot reach \(place): \(end.detail)",
          hint: "check the network; the same command again carries on"), true
      )
    case CURLE_OPERATION_TIMEDOUT:
      return (
        SourceFailure(
          .timedOut, "the server of \(place) stopped sending",
          hint: "check the network; the same command again carries on"), true
      )
    default:
      return (
        SourceFailure(
          .broken, "the fetch of \(place) broke off: \(end.detail)",
          hint: "check the network; the same command again carries on"), true
      )
    }
  }
}
