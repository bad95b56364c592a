internal import CCurl
internal import CLinux
internal import SlotCore

/// One request, as libcurl carries it out: its options, and its callbacks, which come on the fetch's thread.
final class HTTPRequest {
  /// What is asked for.
  struct Target {
    let address: String
    /// The value of `Range`, without its unit; nil for the whole file.
    let range: String?
    /// What `If-Range` says: parts only of the file that this names.
    let validator: String?
  }

  let handle: UnsafeMutableRawPointer
  let target: Target
  var part: FetchPart
  var headers = HTTPHeaders()
  /// Whether the headers were looked at, which happens before the first byte of the body.
  var isJudged = false
  /// Bytes still to be dropped of an answer that began before what is wanted.
  var excess: UInt64 = 0
  var isPaused = false
  private unowned let fetch: HTTPFetch
  private var list: UnsafeMutablePointer<curl_slist>?
  private let detail = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

  init(
    _ target: Target, for part: FetchPart, of fetch: HTTPFetch, _ handle: UnsafeMutableRawPointer
  ) {
    self.target = target
    self.part = part
    self.fetch = fetch
    self.handle = handle
    detail.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    if target.range != nil, let validator = target.validator {
      list = curl_slist_append(nil, "If-Range: \(validator)")
    }
  }

  deinit {
    curl_slist_free_all(list)
    detail.deallocate()
  }

  // MARK: - What came of it

  func failure(_ code: CURLcode, url: String) -> HTTPFailure {
    let text = String(cString: detail)
    let reason = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
    return HTTPFailure(code: code, status: status, detail: reason.printable, url: url)
  }

  var status: Int {
    var status = 0
    _ = kcurl_get_long(handle, Int32(CURLINFO_RESPONSE_CODE.rawValue), &status)
    return status
  }

  /// Where the answer came from in the end, after redirects.
  var effectiveAddress: String? {
    var text: UnsafePointer<CChar>?
    _ = kcurl_get_string(handle, Int32(CURLINFO_EFFECTIVE_URL.rawValue), &text)
    return text.map { String(cString: $0) }
  }

  var isMultiplexed: Bool {
    var version = 0
    _ = kcurl_get_long(handle, Int32(CURLINFO_HTTP_VERSION.rawValue), &version)
    return version == CURL_HTTP_VERSION_2_0
  }

  // MARK: - Options

  private func long(_ option: CURLoption, _ value: Int) {
    _ = kcurl_set_long(handle, Int32(option.rawValue), value)
  }
  private func text(_ option: CURLoption, _ value: String?) {
    if let value { _ = kcurl_set_string(handle, Int32(option.rawValue), value) }
  }
  private func pointer(_ option: CURLoption, _ value: UnsafeRawPointer?) {
    _ = kcurl_set_pointer(handle, Int32(option.rawValue), value)
  }

  /// Before the handle is added to the others; the request has to live as long as it is among them.
  func configure(_ options: HTTPOptions) {
    let own = UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
    pointer(CURLOPT_ERRORBUFFER, UnsafeRawPointer(detail))
    text(CURLOPT_URL, target.address)
    text(CURLOPT_USERAGENT, "krux-update/1")
    text(CURLOPT_PROTOCOLS_STR, "http,https")
    // Nobody may lead an encrypted fetch to an unencrypted place.
    let secure = target.address.lowercased().hasPrefix("https:")
    text(CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https")
    long(CURLOPT_FOLLOWLOCATION, 1)
    long(CURLOPT_MAXREDIRS, 10)
    long(CURLOPT_FAILONERROR, 1)
    long(CURLOPT_NOSIGNAL, 1)
    long(CURLOPT_TCP_KEEPALIVE, 1)
    // A further stream of a connection of HTTP/2 is better than a further connection.
    long(CURLOPT_PIPEWAIT, 1)
    text(CURLOPT_RANGE, target.range)
    if let list { pointer(CURLOPT_HTTPHEADER, UnsafeRawPointer(list)) }
    configureLimits(options)
    configurePath(options)
    pointer(CURLOPT_WRITEDATA, own)
    pointer(CURLOPT_HEADERDATA, own)
    _ = kcurl_set_data_callback(handle, Int32(CURLOPT_WRITEFUNCTION.rawValue), onBody)
    _ = kcurl_set_data_callback(handle, Int32(CURLOPT_HEADERFUNCTION.rawValue), onHeader)
  }

  private func configureLimits(_ options: HTTPOptions) {
    long(CURLOPT_CONNECTTIMEOUT, options.connectTimeoutSeconds)
    long(CURLOPT_LOW_SPEED_LIMIT, 1)
    long(CURLOPT_LOW_SPEED_TIME, options.stallTimeoutSeconds)
    long(CURLOPT_BUFFERSIZE, options.bufferBytes)
  }

  private func configurePath(_ options: HTTPOptions) {
    text(CURLOPT_CAINFO, options.certificateAuthorities)
    if !options.checksCertificates {
      long(CURLOPT_SSL_VERIFYPEER, 0)
      long(CURLOPT_SSL_VERIFYHOST, 0)
    }
    text(CURLOPT_SSLCERT, options.clientCertificate)
    text(CURLOPT_SSLKEY, options.clientKey)
    text(CURLOPT_PROXY, options.proxy)
    text(CURLOPT_NOPROXY, options.noProxy?.joined(separator: ","))
  }

  fileprivate func receive(_ bytes: UnsafeRawBufferPointer) -> Int { fetch.receive(bytes, self) }

  fileprivate func receive(header bytes: UnsafeRawBufferPointer) {
    fetch.count(bytes.count)
    headers.take(line: String(String(decoding: bytes, as: UTF8.self).prefix { !$0.isNewline }))
  }
}

private func request(_ context: UnsafeMutableRawPointer?) -> HTTPRequest? {
  context.map { Unmanaged<HTTPRequest>.fromOpaque($0).takeUnretainedValue() }
}

private let onBody: kcurl_data_callback = { data, size, count, context in
  request(context)?.receive(UnsafeRawBufferPointer(start: data, count: size * count)) ?? 0
}

private let onHeader: kcurl_data_callback = { data, size, count, context in
  request(context)?.receive(header: UnsafeRawBufferPointer(start: data, count: size * count))
  return size * count
}
