import SlotCore
import SlotCoreTesting
import SystemPackage
import Testing

@testable import SlotKit

@Suite struct FeedTargetTests {
  private let feed = SampleFeed().changed {
    $0.add("file", [1])
    $0.delegate(to: "../ä?", paths: ["x/*"])
    $0.add("x/y", [2], to: "../ä?")
  }
  private let name = "1...%2F%C3%A4%3F.json"

  @Test func delegatedRolesAreFetchedWhenTheyAreAsked() throws {
    try withFeedDevice(feed) { device in
      let file = try device.target("file")
      #expect(file.length == 1)
      #expect(!device.server.asked().contains(name))
      let delegated = try device.target("x/y")
      #expect(delegated == feed.delegated["../ä?"]?.targets["x/y"])
      #expect(device.server.asked() == ["2.root.json", "timestamp.json", name])
      #expect(device.names == ["..%2F%C3%A4%3F.json"] + everything)
      _ = try device.target("x/y")
      #expect(device.server.asked() == ["2.root.json", "timestamp.json"])
      #expect(failure { _ = try device.target("x/z") } == "no_target")
      #expect(failure { _ = try device.target("y") } == "no_target")
    }
  }

  @Test func aDelegatedRoleThatIsForgedLeavesNoTrace() throws {
    let silent = feed.changed { $0.statesHashes = false }
    try withFeedDevice(silent) { device in
      let forged = silent.changed { $0.signers["../ä?"] = [SampleFeed.keys[7]] }
      device.server.files[name] = forged.metadataFiles[name]
      #expect(failure { _ = try device.target("x/y") } == "below_threshold")
      #expect(device.names == everything)
    }
  }

  private func download(_ path: String, _ hashes: [TUF.Hash], _ scratch: Scratch) throws
    -> TargetDownload
  {
    try TargetDownload(path, TUF.TargetFile(length: 6, hashes: hashes), into: scratch.path(""))
  }

  @Test func addressesHaveAHashInFrontOfTheName() throws {
    let hash = TUF.Hash(.sha256, of: [1])
    try withScratch { scratch in
      let download = try download("a b/c?#%41%/d", [hash], scratch)
      #expect(
        download.address(below: "http://h/", hashed: true)
          == "http://h/a%20b/c%3F%23%41%25/\(hash.hex).d")
      #expect(
        download.address(below: "http://h/", hashed: false) == "http://h/a%20b/c%3F%23%41%25/d")
      #expect(download.destination.lastComponent?.string == "a%20b%2Fc%3F%23%2541%25%2Fd")
      for name in ["", ".", ".."] {
        #expect(failure { _ = try self.download(name, [hash], scratch) } == "invalid_value")
      }
    }
  }

  @Test func onlyTheRightFileIsKept() throws {
    let bytes = Array("target".utf8)
    let server = MemoryFeed(feed)
    try withScratch { scratch in
      let download = try download("t", [TUF.Hash(.sha512, of: bytes)], scratch)
      func fetch(_ content: [UInt8]) -> String? {
        server.files["t"] = content
        return failure { try download.fetch(MemoryFeed.base + "t", server) }
      }
      #expect(fetch(Array("tarGet".utf8)) == "wrong_hash")
      #expect(fetch(Array("targe".utf8)) == "wrong_length")
      #expect(fetch(bytes + bytes) == "too_long")
      #expect(Files.names(in: scratch.path("")) == [])
      #expect(try !download.isThere(Cancellation()))
      #expect(fetch(bytes) == nil)
      #expect(try scratch.read("t") == "target")
      #expect(try download.isThere(Cancellation()))
      try scratch.write("t", "tarGet")
      #expect(try !download.isThere(Cancellation()))
      try scratch.write("t", "targets")
      #expect(try !download.isThere(Cancellation()))
      #expect(fetch(bytes) == nil)
      #expect(try scratch.read("t") == "target")
      #expect(Files.names(in: scratch.path("")) == ["t"])
    }
  }
}
