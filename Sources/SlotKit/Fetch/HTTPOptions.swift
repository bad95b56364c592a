/// How an address is fetched.
struct HTTPOptions: Sendable {
  var connectTimeoutSeconds: Int
  var stallTimeoutSeconds: Int
  var retries: Int
  var retryDelaySeconds: Int
  var certificateAuthorities: String?
  /// False where nothing depends on who the server is, and the clock cannot judge its certificate.
  var checksCertificates: Bool
  var clientCertificate: String?
  /// Nil: it is in the file of the certificate.
  var clientKey: String?
  /// Nil: what libcurl reads in the environment. Empty: none.
  var proxy: String?
  var noProxy: [String]?
  /// Bytes in a second, of all requests together; 0 for no limit.
  var limitRate: Int
  var clock: any FetchClock = SystemFetchClock()

  init(_ configuration: Configuration) {
    connectTimeoutSeconds = configuration.connectTimeoutSeconds
    stallTimeoutSeconds = configuration.stallTimeoutSeconds
    retries = configuration.retries
    retryDelaySeconds = configuration.retryDelaySeconds
    certificateAuthorities = configuration.certificateAuthorities
    checksCertificates = configuration.checksCertificates
    clientCertificate = configuration.clientCertificate
    clientKey = configuration.clientKey
    proxy = configuration.proxy
    noProxy = configuration.noProxy
    limitRate = configuration.limitRate
  }

  /// Requests in flight to a server that takes one at a time on each connection, as HTTP/1.1 has it.
  static let connections = 8
  /// And on one connection of HTTP/2.
  static let streams = 32

  /// A limit is kept by reading less, so that each request has to have its part of it: eight in flight at a
  /// trickle would be eight that time out.
  func inFlight(isMultiplexed: Bool) -> Int {
    let most = isMultiplexed ? HTTPOptions.streams : HTTPOptions.connections
    return limitRate == 0 ? most : max(1, min(most, limitRate / (64 << 10)))
  }

  /// What libcurl reads at once.
  var bufferBytes: Int {
    limitRate == 0 ? 128 << 10 : max(1024, min(128 << 10, limitRate / 8))
  }
}
