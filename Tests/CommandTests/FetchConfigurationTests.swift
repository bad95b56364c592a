import Foundation
import SlotKitTesting
import Testing

/// Proxies, client certificates and the rate, as an operator sets them.
@Suite struct FetchConfigurationTests {
  private static let file = Releases.next.encoded

  private func device(_ fetch: String) throws -> DeviceFolder {
    let device = try DeviceFolder()
    try device.configure(DeviceFolder.configuration + fetch + "\n")
    return device
  }

  /// A proxy that has every file itself, and keeps what it is asked for.
  private func withProxy(_ body: (_ address: String, RoughServer) throws -> Void) throws {
    let script: RoughServer.Script = { .file(FetchConfigurationTests.file, $0) }
    try withRoughServer(script) { proxy in
      try body(proxy.address.replacingOccurrences(of: "/bundle.krux", with: ""), proxy)
    }
  }

  private static let elsewhere = "http://updates.example/bundle.krux"

  @Test func aProxyIsUsed() throws {
    try withProxy { address, proxy in
      let device = try device("proxy = \"\(address)\"")
      #expect(try device.update("apply", Self.elsewhere).status == 0)
      #expect(try device.slotHolds(Releases.next.image))
      #expect(proxy.requests.allSatisfy { $0.head.hasPrefix("GET \(Self.elsewhere) HTTP/1.1\r\n") })
      #expect(!proxy.requests.isEmpty)
    }
  }

  @Test func theEnvironmentsProxyIsUsedWithoutTheKey() throws {
    try withProxy { address, proxy in
      let device = try DeviceFolder()
      let applied = try device.update(
        ["apply", Self.elsewhere], environment: ["http_proxy": address])
      #expect(applied.status == 0)
      #expect(!proxy.requests.isEmpty)
    }
  }

  @Test(arguments: ["proxy = \"\"", "no-proxy = [\"updates.example\", \"127.0.0.1\"]"])
  func noProxyIsUsed(key: String) throws {
    try withProxy { address, proxy in
      let server = try WebServer()
      let device = try device(key)
      let applied = try device.update(
        ["apply", server.publish(Self.file)], environment: ["http_proxy": address])
      #expect(applied.status == 0)
      #expect(proxy.requests.isEmpty)
    }
  }

  @Test func aProxyThatIsNotThereIsNamed() throws {
    let port = try LoopbackSocket().port
    let device = try device("proxy = \"http://user:secret@127.0.0.1:\(port)\"")
    let failed = try device.update("apply", Self.elsewhere)
    #expect(failed.status == 66)
    #expect(failed.errors.contains("cannot reach \(Self.elsewhere)"))
    #expect(failed.errors.contains("\(port)"))
    #expect(!failed.errors.contains("secret"))
  }

  // MARK: - Certificates

  @Test func aServerThatAsksForACertificateGetsIt() throws {
    let server = try WebServer(tls: true, asksForCertificate: true)
    let address = try server.publish(Self.file)
    let trusting = "certificate-authorities = \"\(server.certificate)\"\n"
    let refused = try device(trusting).update("apply", address)
    #expect(refused.status == 66)
    #expect(refused.errors.contains("the server answered 400"))

    let device = try device(
      trusting + "client-certificate = \"\(server.certificate)\"\nclient-key = \"\(server.key)\"")
    #expect(try device.update("apply", address).status == 0)
    #expect(try device.slotHolds(Releases.next.image))
  }

  @Test(arguments: ["client-certificate", "client-key"])
  func aFileThatIsMissingIsNamed(key: String) throws {
    let server = try WebServer(tls: true, asksForCertificate: true)
    let address = try server.publish(Self.file)
    var files = ["client-certificate": server.certificate, "client-key": server.key]
    files[key] = "/nonexistent/\(key).pem"
    let lines = files.map { "\($0.key) = \"\($0.value)\"" }
    let device = try device(
      (lines + ["certificate-authorities = \"\(server.certificate)\""]).joined(separator: "\n"))
    let failed = try device.update("apply", address)
    #expect(failed.status == 66)
    #expect(failed.errors.contains("the certificate of this device cannot be used"))
    #expect(failed.errors.contains("/nonexistent/\(key).pem"))
    #expect(failed.errors.contains("'client-certificate' and 'client-key' in update.toml"))
    #expect(try device.targetIsUntouched())
  }

  // MARK: - The rate

  @Test(arguments: ["", "K", "-1", "1T", "1.5M", "99999999999999999999", "9999999G"])
  func aRateThatIsNoneIsRefused(rate: String) throws {
    let device = try DeviceFolder()
    let failed = try device.update("apply", "--limit-rate=\(rate)", "bundle.krux")
    #expect(failed.status == 64)
    #expect(failed.errors.contains("is no number of bytes"))
  }

  @Test func aRateIsAccepted() throws {
    let server = try WebServer()
    let device = try device("limit-rate = \"1K\"")
    let address = try server.publish(Self.file)
    // The option is stronger than the key, with which this would take half an hour.
    #expect(try device.update("apply", "--limit-rate", "1g", address).status == 0)
    #expect(try device.slotHolds(Releases.next.image))
  }
}
