import Testing

@testable import SlotCore

@Suite struct ProbeReplyTests {
  private static func reason(_ reply: ProbeReply, of name: String = "/health/ready") -> String? {
    guard case .unhealthy(let reason) = reply.result(of: name) else { return nil }
    return reason
  }

  private static func reason(_ body: String, status: Int = 503) -> String? {
    reason(.reply(status: status, body: Array(body.utf8)))
  }

  @Test(arguments: ["", "ok", #"{"status":"unhealthy"}"#, "\u{0}\u{1B}"])
  func theStatus200IsHealthyWhateverTheBody(body: String) {
    #expect(ProbeReplyTests.reason(body, status: 200) == nil)
  }

  @Test func theStatus200IsHealthyHoweverLong() {
    #expect(ProbeReply.oversize(status: 200).result(of: "/health/ready") == .healthy)
  }

  @Test(arguments: [
    (ProbeReply.refused, "nothing listens for /health/ready"),
    (.timedOut(seconds: 5), "/health/ready did not answer within 5 s"),
    (.unresolved, "the host of /health/ready is unknown"),
    (.notHTTP, "/health/ready answered something that is not HTTP"),
    (.oversize(status: 503), "/health/ready answered 503 with more than 64 KiB"),
    (.failed("no\nroute"), "/health/ready cannot be asked: no route"),
    (.reply(status: 503, body: []), "/health/ready answered 503"),
    (.reply(status: 204, body: []), "/health/ready answered 204"),
    (.reply(status: 302, body: []), "/health/ready answered 302"),
    (.reply(status: 0, body: []), "/health/ready answered 0"),
  ])
  func eachEndHasItsSentence(reply: ProbeReply, expected: String) {
    #expect(ProbeReplyTests.reason(reply) == expected)
  }

  @Test(arguments: [
    (
      #"{"status":"unhealthy","services":{"gateway":"failed to start","vault":"healthy"}}"#,
      "gateway failed to start"
    ),
    (
      #"{"services":{"gateway":"failed to start","vault":"sealed"}}"#,
      "gateway failed to start, vault sealed"
    ),
    (#"{"services":{"d":"x","c":"x","b":"x","a":"x","e":"x"}}"#, "d x, c x, b x and 2 more"),
    (
      #"{"services":{"a":"Healthy","b":"OK","c":"up","d":"Ready","e":"RUNNING","f":"pass","g":true,"h":"no"}}"#,
      "h no"
    ),
    (#"{"services":{"a":false,"b":null,"c":7}}"#, "a unhealthy, b unhealthy, c unhealthy"),
    (#"{"services":{"a":{"status":"down","error":"no disk"}}}"#, "a no disk"),
    (#"{"services":{"a":{"status":"down","message":"no disk"}}}"#, "a no disk"),
    (#"{"services":{"a":{"status":"down"}}}"#, "a down"),
    (#"{"services":{"a":{"status":"ok","error":"none"},"b":"bad"}}"#, "b bad"),
    (#"{"services":{"a":{"error":"no disk"}}}"#, "a no disk"),
    (#"{"services":{"a":{}, "b":{"status":{"error":"x"}}}}"#, "a unhealthy, b x"),
    (#"{"services":{"a":""}}"#, "a unhealthy"),
    (#"{"reason":"the vault is sealed"}"#, "the vault is sealed"),
    (#"{"services":{"a":"ok"},"message":"starting"}"#, "starting"),
    (#"{"services":["a"],"error":"starting"}"#, "starting"),
    (#"{"services":{"a":"ok"}}"#, "/health/ready answered 503"),
    (#"{"error":7}"#, "/health/ready answered 503"),
    (#"{"error":" \n "}"#, "/health/ready answered 503"),
    ("[]", "/health/ready answered 503"),
    ("nonsense", "/health/ready answered 503, and not in JSON"),
    (#"{"services":{"a":"x"}}}"#, "/health/ready answered 503, and not in JSON"),
  ])
  func theBodyTellsWhy(body: String, expected: String) {
    #expect(ProbeReplyTests.reason(body) == expected)
  }

  @Test(arguments: [
    #"{"services":{"\u001b[2Jgate\u0007way\n":"fail\u0000ed\r\nto \u009b start\u202e"}}"#,
    #"{"error":"\u001b]0;x\u0007\u0085\u2028é漢"}"#,
  ])
  func nothingButPrintableASCIIComesThrough(body: String) throws {
    let reason = try #require(ProbeReplyTests.reason(body))
    #expect(reason.utf8.allSatisfy { (0x20...0x7E).contains($0) })
  }

  @Test func controlCharactersBecomeBlanks() {
    #expect(
      ProbeReplyTests.reason(#"{"services":{"a\u001bb":"fail\r\ned  é"}}"#) == "a b fail ed ?")
  }

  @Test func reasonsAreBounded() throws {
    let long = String(repeating: "x", count: 5000)
    let bodies = [
      #"{"services":{"\#(long)":"\#(long)","b":"\#(long)","c":"\#(long)","d":"y"}}"#,
      #"{"error":"\#(long)"}"#, "\(long)",
    ]
    for body in bodies {
      let reason = try #require(ProbeReplyTests.reason(body))
      #expect(reason.utf8.count <= 160)
    }
    let named = try #require(ProbeReplyTests.reason(.refused, of: long))
    #expect(named.utf8.count == 160 && named.hasSuffix("..."))
  }

  @Test func aWordThatIsGoodOnlyWhenCutIsNotGood() {
    let word = "ok" + String(repeating: " ", count: 100) + "x"
    #expect(ProbeReplyTests.reason(#"{"services":{"a":"\#(word)"}}"#) == "a ok x")
  }

  @Test func whatIsTooMuchOfJSONIsNone() {
    let bodies = [
      String(repeating: "[", count: 60_000),
      String(repeating: #"{"a":"#, count: 9) + "1" + String(repeating: "}", count: 9),
      "[" + String(repeating: "1,", count: 30_000) + "1]",
      #"{"error":"x","error":"y"}"#,
      #"{"error":"x"}"# + String(repeating: " ", count: ProbeReply.maximumBody),
    ]
    for (index, body) in bodies.enumerated() {
      let reason = ProbeReplyTests.reason(body)
      #expect(reason == "/health/ready answered 503, and not in JSON", "number \(index)")
    }
  }

  @Test func invalidUTF8IsNoJSON() {
    let body = Array(#"{"error":""#.utf8) + [0xFF, 0xFE] + Array(#""}"#.utf8)
    #expect(
      ProbeReplyTests.reason(.reply(status: 503, body: body))
        == "/health/ready answered 503, and not in JSON")
  }
}

@Suite struct ReasonTextTests {
  @Test(arguments: [
    ("", 10, ""), ("  a \t\n b  ", 10, "a b"), ("abcdef", 6, "abcdef"), ("abcdefg", 6, "abc..."),
    ("abcde ", 5, "abcde"), ("abcdef", 2, ".."), ("é", 10, "?"), ("a\u{A0}b", 10, "a b"),
  ])
  func aLineIsBoundedASCII(text: String, limit: Int, expected: String) {
    #expect(ReasonText.line(text, limit: limit) == expected)
  }
}
