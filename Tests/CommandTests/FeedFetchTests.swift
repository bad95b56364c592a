import SlotKitTesting
import Testing

/// A feed goes the way to its server that bundles go: proxies, client certificates.
@Suite struct FeedFetchTests {
  /// A web server that is asked for an absolute address serves what it has itself.
  @Test func aFeedIsReachedThroughAProxy() throws {
    let feed = try ServedFeed()
    try feed.publish(try feed.release(Releases.next))
    let device = feed.device
    try device.write("feed-address", Array("http://updates.example/".utf8))
    #expect(try device.update("check").status == 66)
    try device.configure(
      DeviceFolder.configuration + "proxy = \"\(feed.server.address(""))\"\n")
    let checked = try device.update("check")
    #expect(checked.status == 100, "\(checked.errors)")
    #expect(try device.update("apply", "--no-reboot").status == 0)
    #expect(try device.slotHolds(Releases.next.image))
  }

  @Test func aServerThatAsksForACertificateGetsIt() throws {
    let feed = try ServedFeed(tls: true, asksForCertificate: true)
    try feed.publish(try feed.release(Releases.next))
    let (device, server) = (feed.device, feed.server)
    let trusting =
      DeviceFolder.configuration + "certificate-authorities = \"\(server.certificate)\"\n"
    try device.configure(trusting)
    let refused = try device.update("check")
    #expect(refused.status == 66)
    #expect(refused.errors.contains("the server answered 400"))
    try device.configure(
      trusting
        + "client-certificate = \"\(server.certificate)\"\nclient-key = \"\(server.key)\"\n")
    #expect(try device.update("check").status == 100)
    #expect(try device.update("apply", "--no-reboot").status == 0)
    #expect(try device.slotHolds(Releases.next.image))
  }
}
