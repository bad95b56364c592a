internal import CCurl
internal import CLinux
internal import Glibc
internal import SlotCore

/// One request, carried out by libcurl on a thread of its own. Its bytes wait in a ring until they are read:
/// when the ring is full libcurl waits, and so does the server.
///
/// `@unchecked Sendable`: what both threads touch is only touched inside `monitor`; the rest belongs to the
/// transfer's thread.
final class HTTPTransfer: @unchecked Sendable {
  /// How a transfer ended.
  struct End {
    let code: CURLcode
    let status: Int
    let detail: String
  }

  static let ringBytes = 2 << 20

  private let monitor = Monitor()
  private let ring = AlignedBuffer(byteCount: HTTPTransfer.ringBytes)
  private var first = 0
  private var count = 0
  private var isStopped = false
  private var end: End?
  private var headers = HTTPHeaders()
  /// The headers count once the first byte of the body is there, or the transfer has ended.
  private var hasBody = false

  private let url: String
  private let offset: UInt64
  private let validator: String?
  private let options: HTTPOptions
  private let cancellation: Cancellation
  private var thread: Threads.Handle?

  /// Starts a request for the bytes from `offset` on; `validator` goes into `If-Range`.
  init(
    _ url: String, from offset: UInt64, validator: String?, _ options: HTTPOptions,
    _ cancellation: Cancellation
  ) {
    self.url = url
    self.offset = offset
    self.validator = validator
    self.options = options
    self.cancellation = cancellation
    thread = Threads.start { [self] in perform() }
    if thread == nil {
      end = End(code: CURLE_OUT_OF_MEMORY, status: 0, detail: "no thread")
    }
  }

  /// Ends the request, wherever it is, and waits for its thread.
  func stop() {
    monitor.locked {
      isStopped = true
      monitor.wakeAll()
    }
    thread?.join()
    thread = nil
  }

  /// Waits for the first byte of the body or the end.
  func waitForHeaders() -> HTTPHeaders {
    monitor.locked {
      while !hasBody, end == nil { monitor.wait() }
      return headers
    }
  }

  /// At least one byte, unless the transfer has ended and all was read: then nil.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    monitor.locked {
      while count == 0, end == nil { monitor.wait() }
      guard count > 0 else { return nil }
      let size = ring.bytes.count
      let length = min(buffer.count, count, size - first)
      buffer.copyMemory(from: UnsafeRawBufferPointer(ring.slice(first, length)))
      first = (first + length) % size
      count -= length
      monitor.wakeAll()
      return length
    }
  }

  /// How it ended; call after `read` has returned nil.
  var ending: End? { monitor.locked { end } }

  // MARK: - The transfer's thread

  fileprivate func receive(_ data: UnsafeRawBufferPointer) -> Int {
    monitor.locked {
      if !hasBody {
        hasBody = true
        monitor.wakeAll()
      }
      var taken = 0
      let size = ring.bytes.count
      while taken < data.count {
        while count == size, !isStopped { monitor.wait() }
        if isStopped { return 0 }
        let start = (first + count) % size
        let length = min(data.count - taken, size - count, size - start)
        ring.slice(start, length).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: data[taken..<taken + length]))
        count += length
        taken += length
        monitor.wakeAll()
      }
      return taken
    }
  }

  fileprivate func receive(header: String) { monitor.locked { headers.take(line: header) } }

  fileprivate var mustStop: Bool {
    cancellation.signalNumber != nil || monitor.locked { isStopped }
  }

  private func perform() {
    let handle = HTTPTransfer.makeHandle()
    var list: UnsafeMutablePointer<curl_slist>?
    if let validator { list = curl_slist_append(nil, "If-Range: \(validator)") }
    let detail = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    detail.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    defer {
      curl_easy_cleanup(handle)
      curl_slist_free_all(list)
      detail.deallocate()
    }
    configure(handle, list, detail)
    let code = curl_easy_perform(handle)
    var status = 0
    _ = kcurl_get_long(handle, Int32(CURLINFO_RESPONSE_CODE.rawValue), &status)
    let text = String(cString: detail)
    let reason = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
    monitor.locked {
      end = End(code: code, status: status, detail: reason.printable)
      monitor.wakeAll()
    }
  }

  private static let isInitialised = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

  private static func makeHandle() -> UnsafeMutableRawPointer? {
    _ = isInitialised
    return curl_easy_init()
  }

  private func configure(
    _ handle: UnsafeMutableRawPointer?, _ list: UnsafeMutablePointer<curl_slist>?,
    _ detail: UnsafeMutablePointer<CChar>
  ) {
    func long(_ option: CURLoption, _ value: Int) {
      _ = kcurl_set_long(handle, Int32(option.rawValue), value)
    }
    func text(_ option: CURLoption, _ value: String) {
      _ = kcurl_set_string(handle, Int32(option.rawValue), value)
    }
    func pointer(_ option: CURLoption, _ value: UnsafeRawPointer?) {
      _ = kcurl_set_pointer(handle, Int32(option.rawValue), value)
    }
    let own = UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
    pointer(CURLOPT_ERRORBUFFER, UnsafeRawPointer(detail))
    text(CURLOPT_URL, url)
    text(CURLOPT_USERAGENT, "krux-update/1")
    text(CURLOPT_PROTOCOLS_STR, "http,https")
    // Nobody may lead an encrypted fetch to an unencrypted place.
    let secure = url.lowercased().hasPrefix("https:")
    text(CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https")
    long(CURLOPT_FOLLOWLOCATION, 1)
    long(CURLOPT_MAXREDIRS, 10)
    long(CURLOPT_FAILONERROR, 1)
    long(CURLOPT_NOSIGNAL, 1)
    long(CURLOPT_TCP_KEEPALIVE, 1)
    long(CURLOPT_CONNECTTIMEOUT, options.connectTimeoutSeconds)
    long(CURLOPT_LOW_SPEED_LIMIT, 1)
    long(CURLOPT_LOW_SPEED_TIME, options.stallTimeoutSeconds)
    long(CURLOPT_BUFFERSIZE, 256 << 10)
    if let file = options.certificateAuthorities { text(CURLOPT_CAINFO, file) }
    if offset > 0 { text(CURLOPT_RANGE, "\(offset)-") }
    if let list { pointer(CURLOPT_HTTPHEADER, UnsafeRawPointer(list)) }
    pointer(CURLOPT_WRITEDATA, own)
    pointer(CURLOPT_HEADERDATA, own)
    pointer(CURLOPT_XFERINFODATA, own)
    long(CURLOPT_NOPROGRESS, 0)
    _ = kcurl_set_data_callback(handle, Int32(CURLOPT_WRITEFUNCTION.rawValue), onBody)
    _ = kcurl_set_data_callback(handle, Int32(CURLOPT_HEADERFUNCTION.rawValue), onHeader)
    _ = kcurl_set_progress_callback(handle, onProgress)
  }
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> HTTPTransfer? {
  context.map { Unmanaged<HTTPTransfer>.fromOpaque($0).takeUnretainedValue() }
}

private let onBody: kcurl_data_callback = { data, size, count, context in
  transfer(context)?.receive(UnsafeRawBufferPointer(start: data, count: size * count)) ?? 0
}

private let onHeader: kcurl_data_callback = { data, size, count, context in
  let bytes = UnsafeRawBufferPointer(start: data, count: size * count)
  let line = String(decoding: bytes, as: UTF8.self)
  transfer(context)?.receive(header: String(line.prefix { !$0.isNewline }))
  return size * count
}

private let onProgress: kcurl_progress_callback = { context, _, _, _, _ in
  transfer(context)?.mustStop == false ? 0 : 1
}
