internal import CCurl
internal import CLinux
internal import SlotCore

/// Fetches parts of one file: libcurl's requests, all on one thread, as many in flight as the window has room for and the
/// server is good for. Whatever breaks is asked for again from where it stands.
///
/// `@unchecked Sendable`: what both threads touch is only touched inside `monitor`; `requests`, `idle`, `address` and
/// `pace` belong to the fetch's thread.
final class HTTPFetch: @unchecked Sendable {
  /// What nobody wants any more runs out where this little of it is left: another handshake would cost as much.
  private static let drainBytes: UInt64 = 16 << 10

  private let monitor = Monitor()
  private let window = FetchWindow()
  private var thread: Threads.Handle?
  private var isStopped = false
  private var error: SourceFailure?
  private var identity: HTTPIdentity?
  private var fetched: UInt64 = 0
  /// Requests that may be in flight: one more with each that was answered, half as many with each that failed.
  private var limit = 1
  /// What `limit` may grow to: a server that has refused so many is not asked so again.
  private var ceiling = Int.max
  private var hasNews = false
  private var refusedStatus: Int?
  private var mustResume = false

  private let url: String
  private let bounds: FetchBounds?
  private let options: HTTPOptions
  private let cancellation: Cancellation
  private let multi: UnsafeMutableRawPointer?
  private var requests: [UnsafeMutableRawPointer: HTTPRequest] = [:]
  private var idle: [UnsafeMutableRawPointer] = []
  /// Where redirects led to, so that not every request goes that way again.
  private var address: String
  /// False once a place that a redirect led to has refused what the address itself gives.
  private var mayRemember = true
  private var pace: RateLimit?

  private static let isInitialised = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

  /// - Parameter bounds: of a file that is fetched whole, by one request if nothing breaks.
  init(
    _ url: String, _ options: HTTPOptions, _ cancellation: Cancellation, bounds: FetchBounds? = nil
  ) {
    self.url = url
    self.bounds = bounds
    if bounds != nil { _ = window.readThrough() }
    self.options = options
    self.cancellation = cancellation
    address = url
    pace = options.limitRate > 0 ? RateLimit(bytesPerSecond: options.limitRate) : nil
    _ = HTTPFetch.isInitialised
    multi = curl_multi_init()
    _ = kcurl_multi_set_long(
      multi, Int32(CURLMOPT_MAXCONNECTS.rawValue), HTTPOptions.connections)
  }

  deinit { curl_multi_cleanup(multi) }

  // MARK: - The reading thread

  /// The server has no ranges, so that everything travels.
  var isReadThrough: Bool { monitor.locked { window.isReadThrough } }
  var totalLength: UInt64? { monitor.locked { identity?.totalLength } }
  /// Headers and bodies of all answers so far.
  var bytesFetched: UInt64 { monitor.locked { fetched } }

  /// The status that ended the fetch, if one did.
  var refusal: Int? { monitor.locked { refusedStatus } }

  func expect(_ ranges: [Range<UInt64>], from position: UInt64) {
    monitor.locked { window.expect(ranges, from: position) }
  }

  /// The reader goes back.
  func restart(at position: UInt64) { monitor.locked { window.restart(at: position) } }

  /// At least one byte from `position` on, which moves back only by `restart`; 0 at the end of the file.
  func read(at position: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if thread == nil { start() }
    return try monitor.locked {
      while true {
        try cancellation.throwIfCancelled()
        if let end = window.end, position >= end { return 0 }
        let count = window.take(at: position, into: buffer)
        wakeFetch()
        if count > 0 { return count }
        if let error { throw error }
        if bounds?.isOver ?? false { throw HTTPFailure.tooSlow(url: url) }
        monitor.wait(milliseconds: 200)
      }
    }
  }

  private func start() {
    thread = Threads.start { [self] in run() }
    if thread == nil { monitor.locked { error = HTTPFailure.noThread(url: url) } }
  }

  /// Ends all requests, wherever they are, and waits for the thread.
  func stop() {
    monitor.locked {
      isStopped = true
      monitor.wakeAll()
    }
    _ = curl_multi_wakeup(multi)
    thread?.join()
    thread = nil
  }

  private func wakeFetch() {
    if mustResume || window.canBegin(limit: limit, now: BootClock.now()) {
      _ = curl_multi_wakeup(multi)
    }
  }

  // MARK: - The fetching thread

  private func run() {
    while let begun = nextParts() {
      for (part, target) in begun { begin(part, target) }
      resume()
      var running: Int32 = 0
      check(curl_multi_perform(multi, &running))
      let hasEnded = collect()
      tellReader()
      waitForPace()
      // Who has ended makes place for another.
      if !hasEnded { check(curl_multi_poll(multi, nil, 0, patience, nil)) }
    }
    for request in requests.values { _ = curl_multi_remove_handle(multi, request.handle) }
    for handle in idle + requests.keys { curl_easy_cleanup(handle) }
    requests = [:]
  }

  /// Nil when it is over.
  private func nextParts() -> [(FetchPart, HTTPRequest.Target)]? {
    monitor.locked {
      guard !isStopped, error == nil, cancellation.signalNumber == nil else { return nil }
      return window.begin(limit: limit, now: BootClock.now()).map { ($0, target(of: $0)) }
    }
  }

  private func target(of part: FetchPart) -> HTTPRequest.Target {
    let range =
      part.isOpen ? part.next > 0 ? "\(part.next)-" : nil : "\(part.next)-\(part.end - 1)"
    return HTTPRequest.Target(
      address: address, range: range, validator: identity?.entityTag ?? identity?.lastModified)
  }

  private func begin(_ part: FetchPart, _ target: HTTPRequest.Target) {
    guard let handle = idle.popLast() ?? curl_easy_init() else {
      return monitor.locked { fail(HTTPFailure.noThread(url: url)) }
    }
    let request = HTTPRequest(target, for: part, of: self, handle)
    request.configure(options)
    requests[handle] = request
    check(curl_multi_add_handle(multi, handle))
  }

  /// Without this a part would be waited for that nobody fetches.
  private func check(_ code: CURLMcode) {
    guard code != CURLM_OK else { return }
    monitor.locked { fail(HTTPFailure.cannotGoOn(code, url: url)) }
  }

  /// Milliseconds in which nothing has to be done but what libcurl sees itself.
  private var patience: Int32 {
    monitor.locked {
      let now = BootClock.now()
      return Int32(min(1000, window.nextTry(after: now).map { $0 - now } ?? 1000))
    }
  }

  private func tellReader() {
    monitor.locked {
      if hasNews { monitor.wakeAll() }
      hasNews = false
    }
  }

  /// Nothing is received in this time, so the server has to wait too.
  private func waitForPace() {
    guard let pace else { return }
    monitor.locked {
      var delay = pace.delay(now: options.clock.now())
      while delay > 0, !isStopped {
        options.clock.wait(nanoseconds: min(delay, 200_000_000), monitor)
        delay = pace.delay(now: options.clock.now())
      }
    }
  }

  /// A request that was to wait for room in the window may have it now.
  private func resume() {
    for request in requests.values where request.isPaused {
      let room = monitor.locked { window.room(for: request.part) }
      guard room >= FetchWindow.byteCount / 2 else { continue }
      request.isPaused = false
      monitor.locked { mustResume = false }
      _ = curl_easy_pause(request.handle, CURLPAUSE_CONT)
    }
  }

  /// Takes leave of the requests that have ended; whether there were any.
  private func collect() -> Bool {
    var left: Int32 = 0
    var hasEnded = false
    while let message = curl_multi_info_read(multi, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle,
        let request = requests[handle]
      else { continue }
      let code = message.pointee.data.result
      monitor.locked {
        ended(request, code)
        hasNews = true
      }
      hasEnded = true
      _ = curl_multi_remove_handle(multi, handle)
      curl_easy_reset(handle)
      // Only now: libcurl has used its buffers until here.
      requests[handle] = nil
      idle.append(handle)
    }
    return hasEnded
  }

  // MARK: - What the server sends

  func count(_ bytes: Int) {
    monitor.locked { fetched += UInt64(bytes) }
    pace?.take(bytes: bytes, now: options.clock.now())
  }

  /// Bytes of a body; what libcurl wants to hear of them.
  func receive(_ bytes: UnsafeRawBufferPointer, _ request: HTTPRequest) -> Int {
    let taken = monitor.locked { take(bytes, request) }
    if taken != HTTPFetch.pause { count(taken) }
    return taken
  }

  private static let pause = Int(CURL_WRITEFUNC_PAUSE)
  /// Any number but that of the bytes ends the request.
  private static let abort = 0

  private func take(_ bytes: UnsafeRawBufferPointer, _ request: HTTPRequest) -> Int {
    if !request.isJudged {
      guard judge(request) else { return HTTPFetch.abort }
    }
    let part = request.part
    if part.isDropped, part.missing > HTTPFetch.drainBytes { return HTTPFetch.abort }
    let excess = Int(min(UInt64(bytes.count), request.excess))
    let rest = bytes.count - excess
    guard window.room(for: part) >= min(UInt64(rest), part.missing) else {
      (request.isPaused, mustResume) = (true, true)
      return HTTPFetch.pause
    }
    guard !isTooLong(part.next + UInt64(rest)) else {
      _ = refuse(HTTPFailure.tooLong(url: url))
      return HTTPFetch.abort
    }
    request.excess -= UInt64(excess)
    let wanted = Int(min(UInt64(rest), part.missing))
    if wanted > 0 {
      window.store(UnsafeRawBufferPointer(rebasing: bytes[excess..<excess + wanted]), in: part)
      hasNews = true
    }
    return excess + wanted
  }

  /// Whether an answer brings what was asked for. Where it brings the whole file instead, that is read through.
  private func judge(_ request: HTTPRequest) -> Bool {
    request.isJudged = true
    // What nobody waits for any more decides nothing.
    if request.part.isDropped { return false }
    let headers = request.headers
    guard let start = HTTPFetch.start(of: headers) else {
      return refuse(HTTPFailure.noFile(status: headers.status, url: url))
    }
    guard identity.map({ $0.canBe(headers.identity) }) ?? true, start <= request.part.next else {
      return refuse(HTTPFailure.changed)
    }
    guard !isTooLong(headers.identity.totalLength ?? 0) else {
      return refuse(HTTPFailure.tooLong(url: url))
    }
    if identity == nil {
      identity = headers.identity
      if let total = headers.identity.totalLength { window.limit(to: total) }
    }
    if mayRemember { address = request.effectiveAddress ?? url }
    if !request.part.isOpen, headers.status == 200 {
      request.part = window.readThrough()
      request.part.state = .active
    } else if !request.part.isOpen, identity?.totalLength == nil {
      // Where a part of a file of unknown length ends cannot be known: it is asked for as a whole.
      _ = window.readThrough()
      return false
    }
    request.excess = request.part.next - start
    return true
  }

  /// The first byte that an answer brings; nil for one that brings no part of a file.
  private static func start(of headers: HTTPHeaders) -> UInt64? {
    switch headers.status {
    case 200: 0
    case 206: headers.rangeStart
    default: nil
    }
  }

  private func isTooLong(_ length: UInt64) -> Bool {
    bounds.map { length > $0.maximumBytes } ?? false
  }

  private func refuse(_ failure: SourceFailure) -> Bool {
    fail(failure)
    return false
  }

  private func fail(_ failure: SourceFailure) {
    if error == nil { error = failure }
    hasNews = true
  }

  private func ended(_ request: HTTPRequest, _ code: CURLcode) {
    if !request.isJudged, code == CURLE_OK, !judge(request) { return }
    let part = request.part
    if part.state == .complete {
      limit = min(limit + 1, ceiling, options.inFlight(isMultiplexed: request.isMultiplexed))
    }
    guard error == nil, !part.isDropped, part.state != .complete else { return }
    if part.isOpen, code == CURLE_OK, request.excess == 0,
      identity?.totalLength.map({ part.next >= $0 }) ?? true
    {
      return window.close(part)
    }
    if code == CURLE_HTTP_RETURNED_ERROR, request.status == 416, !part.isOpen {
      // Nothing is at this place: of a file that is empty, or of another one than before.
      guard identity == nil else { return fail(HTTPFailure.changed) }
      _ = window.readThrough()
      return
    }
    retry(part, after: request, request.failure(code, url: url))
  }

  private func retry(_ part: FetchPart, after request: HTTPRequest, _ failure: HTTPFailure) {
    let isRefused = failure.error.code == .httpStatus
    if request.target.address != url, isRefused, !failure.isTransient {
      // A redirect that counts for one request only, or that took the password out of the address.
      (address, mayRemember) = (url, false)
      part.state = .waiting(until: 0)
      return
    }
    address = url
    let wasCrowded = isRefused && identity != nil && limit > 1
    if wasCrowded { ceiling = max(1, limit / 2) }
    limit = max(1, limit / 2)
    // Some refuse for good what comes beside others; each of these halves what may.
    guard failure.isTransient ? part.fruitless < options.retries : wasCrowded else {
      refusedStatus = isRefused ? request.status : nil
      return fail(failure.error)
    }
    let delay = Int64(options.retryDelaySeconds) * 1000 << Int64(min(part.fruitless, 5))
    part.fruitless += 1
    part.state = .waiting(until: BootClock.now() + delay)
  }
}
