internal import CCurl
internal import SlotCore

/// How a request of libcurl ended, in the words of this project.
struct HTTPFailure {
  let error: SourceFailure
  /// Whether another try may bring more.
  let isTransient: Bool

  private static let carriesOn = "check the network; the same command again carries on"

  /// `detail` is libcurl's sentence; one that shows a proxy's address shows its password.
  init(code: CURLcode, status: Int, detail text: String, url: String) {
    let showsProxy = HTTPFailure.showsProxy(text)
    let detail = showsProxy ? "the address of the proxy is not accepted" : text
    let place = HTTPReader.withoutSecrets(url)
    func failure(_ source: SourceCode, _ sentence: String, hint: String) -> SourceFailure {
      SourceFailure(source, sentence, hint: hint)
    }
    isTransient = HTTPFailure.isTransient(code, status) && !showsProxy
    switch code {
    case CURLE_HTTP_RETURNED_ERROR:
      let hint =
        status == 404
        ? "check the address" : isTransient ? "try again later" : "check the address and the server"
      error = failure(.httpStatus, "the server answered \(status) for \(place)", hint: hint)
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
      error = failure(
        .certificate, "the certificate of the server is not accepted: \(detail)",
        hint: "check the clock of this device and 'certificate-authorities' in update.toml")
    case CURLE_SSL_CERTPROBLEM:
      error = failure(
        .certificate, "the certificate of this device cannot be used: \(detail)",
        hint: "check 'client-certificate' and 'client-key' in update.toml")
    case CURLE_TOO_MANY_REDIRECTS:
      error = failure(
        .tooManyRedirects, "\(place) redirects in a circle, or too often",
        hint: "check the address and the server")
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
      error = failure(
        .badAddress, "cannot fetch from '\(place)': \(detail)", hint: "check the address")
    case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST:
      error = failure(
        .unreachable, "cannot reach \(place): \(detail)", hint: HTTPFailure.carriesOn)
    case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY:
      error = failure(
        .unreachable, "cannot reach \(place): \(detail)",
        hint: "check the network and 'proxy' in update.toml")
    case CURLE_OPERATION_TIMEDOUT:
      error = failure(
        .timedOut, "the server of \(place) stopped sending", hint: HTTPFailure.carriesOn)
    case CURLE_OK:
      error = failure(
        .broken, "the fetch of \(place) broke off: the answer is too short",
        hint: HTTPFailure.carriesOn)
    default:
      error = failure(
        .broken, "the fetch of \(place) broke off: \(detail)", hint: HTTPFailure.carriesOn)
    }
  }

  static func showsProxy(_ text: String) -> Bool {
    text.lowercased().contains("unsupported proxy")
  }

  private static func isTransient(_ code: CURLcode, _ status: Int) -> Bool {
    switch code {
    case CURLE_HTTP_RETURNED_ERROR: status >= 500 || status == 408 || status == 429
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
      CURLE_SSL_CERTPROBLEM, CURLE_TOO_MANY_REDIRECTS, CURLE_URL_MALFORMAT,
      CURLE_UNSUPPORTED_PROTOCOL:
      false
    default: true
    }
  }

  static func noFile(status: Int, url: String) -> SourceFailure {
    SourceFailure(
      .httpStatus,
      "the server answered \(status) for \(HTTPReader.withoutSecrets(url)), which is no file",
      hint: "check the address and the server")
  }

  /// An error of libcurl itself, as when memory is short.
  static func cannotGoOn(_ code: CURLMcode, url: String) -> SourceFailure {
    SourceFailure(
      .broken,
      "the fetch of \(HTTPReader.withoutSecrets(url)) broke off: \(String(cString: curl_multi_strerror(code)))",
      hint: carriesOn)
  }

  static func tooLong(url: String) -> SourceFailure {
    SourceFailure(
      .tooLong, "the server sends more for \(HTTPReader.withoutSecrets(url)) than there may be",
      hint: "check the address and the server")
  }

  static func tooSlow(url: String) -> SourceFailure {
    SourceFailure(
      .timedOut, "the fetch of \(HTTPReader.withoutSecrets(url)) is too slow", hint: carriesOn)
  }

  static let changed = SourceFailure(
    .changed, "the file on the server changed while it was being read",
    hint: "run the command again")

  static func noThread(url: String) -> SourceFailure {
    SourceFailure(
      .broken, "the fetch of \(HTTPReader.withoutSecrets(url)) broke off: no thread",
      hint: "end other programs, or raise their limits, and run the command again")
  }
}
