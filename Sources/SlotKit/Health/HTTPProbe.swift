internal import CCurl
internal import CLinux
internal import Glibc
public import SlotCore

/// One request to a health endpoint, by libcurl: no redirect, no proxy, bounded in time and in bytes.
public struct HTTPProbe: Sendable {
  private let url: String
  private let timeoutSeconds: Int

  /// - Parameters:
  ///   - url: of the scheme http or https.
  ///   - timeoutSeconds: for the whole of it, the look-up of the name included.
  public init(url: String, timeoutSeconds: Int) {
    self.url = url
    self.timeoutSeconds = max(1, timeoutSeconds)
  }

  /// Asks once. Blocks for at most the time-out.
  public func probe() -> ProbeReply {
    let scheme = url.lowercased()
    guard scheme.hasPrefix("http://") || scheme.hasPrefix("https://") else {
      return .failed("its address is not of http or https")
    }
    guard HTTPProbe.isInitialised, let handle = curl_easy_init() else {
      return .failed("libcurl cannot be set up")
    }
    defer { curl_easy_cleanup(handle) }
    let answer = ProbeAnswer()
    configure(handle, answer)
    let code = withExtendedLifetime(answer) { curl_easy_perform(handle) }
    return reply(handle, code, answer)
  }

  private static let isInitialised = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

  private func configure(_ handle: UnsafeMutableRawPointer, _ answer: ProbeAnswer) {
    func long(_ option: CURLoption, _ value: Int) {
      _ = kcurl_set_long(handle, Int32(option.rawValue), value)
    }
    func text(_ option: CURLoption, _ value: String) {
      _ = kcurl_set_string(handle, Int32(option.rawValue), value)
    }
    text(CURLOPT_URL, url)
    text(CURLOPT_USERAGENT, "krux-health/1")
    text(CURLOPT_PROTOCOLS_STR, "http,https")
    // The endpoint is this machine's own: whatever the environment names as proxy would answer for another.
    text(CURLOPT_NOPROXY, "*")
    long(CURLOPT_FOLLOWLOCATION, 0)
    long(CURLOPT_NOSIGNAL, 1)
    long(CURLOPT_TIMEOUT, timeoutSeconds)
    let own = UnsafeRawPointer(Unmanaged.passUnretained(answer).toOpaque())
    _ = kcurl_set_pointer(handle, Int32(CURLOPT_WRITEDATA.rawValue), own)
    _ = kcurl_set_pointer(handle, Int32(CURLOPT_HEADERDATA.rawValue), own)
    _ = kcurl_set_data_callback(handle, Int32(CURLOPT_WRITEFUNCTION.rawValue), onBody)
    _ = kcurl_set_data_callback(handle, Int32(CURLOPT_HEADERFUNCTION.rawValue), onHeader)
  }

  private func reply(
    _ handle: UnsafeMutableRawPointer, _ code: CURLcode, _ answer: ProbeAnswer
  ) -> ProbeReply {
    var status = 0
    _ = kcurl_get_long(handle, Int32(CURLINFO_RESPONSE_CODE.rawValue), &status)
    if answer.isOversize { return .oversize(status: status) }
    switch code {
    case CURLE_OK: return .reply(status: status, body: answer.body)
    case CURLE_COULDNT_CONNECT:
      var systemError = 0
      _ = kcurl_get_long(handle, Int32(CURLINFO_OS_ERRNO.rawValue), &systemError)
      return systemError == Int(ECONNREFUSED) || systemError == 0
        ? .refused : .failed(String(cString: strerror(Int32(systemError))))
    case CURLE_COULDNT_RESOLVE_HOST: return .unresolved
    case CURLE_OPERATION_TIMEDOUT: return .timedOut(seconds: timeoutSeconds)
    // The scheme was looked at before: what is unsupported here is an answer without a status line.
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY: return .notHTTP
    default: return .failed(String(cString: curl_easy_strerror(code)))
    }
  }
}

/// What one answer has brought so far. Only touched inside `curl_easy_perform`, and after it.
private final class ProbeAnswer {
  private(set) var body: [UInt8] = []
  private(set) var isOversize = false
  private var headBytes = 0

  /// Each returns whether there may be more.
  func take(body data: UnsafeRawBufferPointer) -> Bool {
    isOversize = body.count + data.count > ProbeReply.maximumBody
    if !isOversize { body.append(contentsOf: data) }
    return !isOversize
  }

  /// Header lines count too, because libcurl keeps all of them.
  func take(headBytes count: Int) -> Bool {
    headBytes += count
    isOversize = headBytes > ProbeReply.maximumBody
    return !isOversize
  }
}

private func answer(_ context: UnsafeMutableRawPointer?) -> ProbeAnswer? {
  context.map { Unmanaged<ProbeAnswer>.fromOpaque($0).takeUnretainedValue() }
}

private let onBody: kcurl_data_callback = { data, size, count, context in
  let bytes = UnsafeRawBufferPointer(start: data, count: size * count)
  return answer(context)?.take(body: bytes) == true ? bytes.count : 0
}

private let onHeader: kcurl_data_callback = { _, size, count, context in
  answer(context)?.take(headBytes: size * count) == true ? size * count : 0
}
