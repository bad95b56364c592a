import SlotCore
import Testing

@Suite struct ServiceNameTests {
  @Test(arguments: ["gateway", "a", "krux-gateway", "a_1", "web2", "a-b-c"])
  func namesOfServices(name: String) { #expect(ServiceName.isValid(name)) }

  @Test(arguments: [
    "", "1a", "-a", "a-", "a--b", "web-2", "A", "a.b", "a/b", "..", "ü", "directory", "keep-days",
    "restart-timeout-seconds", String(repeating: "a", count: 49),
  ])
  func notNamesOfServices(name: String) { #expect(!ServiceName.isValid(name)) }

  @Test func eachFolderIsOfOneService() throws {
    #expect(ServiceName.folder("krux-web", "1.0-rc-2") == "krux-web-1.0-rc-2")
    let parts = try #require(ServiceName.parts(ofFolder: "krux-web-1.0-rc-2"))
    #expect(parts.service == "krux-web")
    #expect(parts.version == "1.0-rc-2")
    for other in ["krux-web", "keys.d", "-1.0", "a-", "a-1/2", "A-1", ".a-1.partial"] {
      #expect(ServiceName.parts(ofFolder: other) == nil, "\(other)")
    }
  }

  @Test func versionsOfTrees() {
    #expect(ServiceName.isTreeVersion("1.0~rc1+2"))
    for version in ["", "v1", ".1", "1/2", "1 2"] { #expect(!ServiceName.isTreeVersion(version)) }
  }

  @Test(arguments: ["a.service", "a@b.service", "x-y.socket", "krux.target", #"dev-\x2d.path"#])
  func namesOfUnits(name: String) { #expect(UnitName.isValid(name)) }

  @Test(arguments: [
    "", ".service", "-a.service", "--now.service", "a", "a.mount", "a b.service", "a/b.service",
    "a;b.service", "../a.service", String(repeating: "a", count: 250) + ".service",
  ])
  func notNamesOfUnits(name: String) { #expect(!UnitName.isValid(name)) }
}
