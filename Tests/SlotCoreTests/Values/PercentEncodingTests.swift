import SlotCore
import Testing

@Suite struct PercentEncodingTests {
  /// As Python's `quote` has it without safe characters.
  @Test func componentsKeepOnlyWhatIsUnreserved() {
    #expect(PercentEncoding.component("aZ09-._~") == "aZ09-._~")
    #expect(PercentEncoding.component("../ä?#% \u{0}") == "..%2F%C3%A4%3F%23%25%20%00")
  }

  @Test func pathsStayPaths() {
    #expect(PercentEncoding.path("a/b:@!$&'()*+,;=~") == "a/b:@!$&'()*+,;=~")
    #expect(PercentEncoding.path("a b?c#d\"ä\n") == "a%20b%3Fc%23d%22%C3%A4%0A")
    #expect(PercentEncoding.path("%41%4%zz%") == "%41%254%25zz%25")
  }
}
