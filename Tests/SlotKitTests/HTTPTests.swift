import Testing

@testable import SlotKit

@Suite struct HTTPHeadersTests {
  private static func headers(_ lines: String...) -> HTTPHeaders {
    var headers = HTTPHeaders()
    for line in lines { headers.take(line: line) }
    return headers
  }

  @Test func aPlainAnswerTellsItsLength() {
    let headers = HTTPHeadersTests.headers(
      "HTTP/1.1 200 OK", "Content-Length: 1234", "ETag: \"abc\"", "Last-Modified: Mon")
    #expect(headers.status == 200)
    #expect(
      headers.identity
        == HTTPIdentity(totalLength: 1234, entityTag: "\"abc\"", lastModified: "Mon"))
  }

  @Test func aPartialAnswerTellsTheWholeLength() {
    let headers = HTTPHeadersTests.headers(
      "HTTP/1.1 206 Partial Content", "Content-Length: 34", "Content-Range: bytes 1200-1233/1234")
    #expect(headers.rangeStart == 1200)
    #expect(headers.identity.totalLength == 1234)
  }

  @Test func aRedirectsHeadersAreForgotten() {
    let headers = HTTPHeadersTests.headers(
      "HTTP/1.1 302 Found", "ETag: \"old\"", "HTTP/2 200", "content-length: 7")
    #expect(headers.identity == HTTPIdentity(totalLength: 7, entityTag: nil, lastModified: nil))
  }

  @Test(arguments: [
    "Content-Range: bytes */1234", "Content-Range: bytes 1-2/*", "Content-Range: lines 1-2/3",
    "Content-Range: bytes 99999999999999999999-2/3", "Content-Length: -1", "Content-Length: 1x",
    "nonsense", ":", "Content-Length:",
  ])
  func nonsenseIsNoLength(line: String) {
    #expect(
      HTTPHeadersTests.headers("HTTP/1.1 200 OK", line).identity.totalLength == nil
        || line.contains("/3"))
  }

  @Test func weakTagsDoNotIdentify() {
    #expect(HTTPHeadersTests.headers("HTTP/1.1 200 OK", "ETag: W/\"x\"").identity.entityTag == nil)
  }

  @Test func whatDiffersIsAnotherFile() {
    let file = HTTPIdentity(totalLength: 10, entityTag: "\"a\"", lastModified: nil)
    #expect(file.canBe(HTTPIdentity(totalLength: 10, entityTag: nil, lastModified: "x")))
    #expect(!file.canBe(HTTPIdentity(totalLength: 11, entityTag: "\"a\"", lastModified: nil)))
    #expect(!file.canBe(HTTPIdentity(totalLength: 10, entityTag: "\"b\"", lastModified: nil)))
  }
}

@Suite struct AddressTests {
  @Test func aBundleIsNotNamedByAPassword() {
    let reader = HTTPReader(
      "http://user:secret@host/", HTTPOptions(Configuration()), Cancellation())
    #expect(reader.name == "host")
  }

  @Test func aProxyThatIsShownIsSeen() {
    #expect(HTTPFailure.showsProxy("Unsupported proxy syntax in 'http://user:p/ss@proxy:3128'"))
    #expect(!HTTPFailure.showsProxy("Could not resolve proxy: proxy.example"))
  }

  @Test(arguments: [
    ("http://host/a/b.krux", "http://host/a/b.krux"),
    ("https://user:pass@host:8443/a/b.krux?token=x#y", "https://host:8443/a/b.krux"),
    ("https://us@er:p@host/", "https://host/"), ("http://host", "http://host"),
    ("http://host/p@th/x", "http://host/p@th/x"),
    ("http://us:er@\u{301}host/a?\u{301}token=x", "http://\u{301}host/a"),
    ("http://host/a\u{6dd}?token=x", "http://host/a\u{fffd}"),
  ])
  func secretsStayOutOfMessages(url: String, shown: String) {
    #expect(HTTPReader.withoutSecrets(url) == shown)
  }
}
