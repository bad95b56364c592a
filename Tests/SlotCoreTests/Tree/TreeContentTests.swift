import SlotCore
import Testing

/// What a manifest says of trees.
@Suite struct TreeContentTests {
  private let sample = SampleBundle()

  private func manifest(_ change: (inout Artefact) -> Void = { _ in }) -> Manifest {
    var manifest = sample.manifest
    manifest.artefacts[0].kind = .tree
    manifest.artefacts[0].name = "gateway"
    manifest.artefacts[0].tree = TreeContent(
      units: ["gateway.socket", "gateway.service"], entries: 3, bytes: 4096,
      privileges: [TreeContent.Privilege(path: "bin/su", mode: 0o4755, capability: [1, 2])])
    change(&manifest.artefacts[0])
    manifest.tables[0].artefact = manifest.artefacts[0].name
    return manifest
  }

  private func refusal(
    version: String = "1.0.1", _ change: (inout Artefact) -> Void = { _ in }
  ) -> BundleCode? {
    var manifest = manifest(change)
    manifest.version = version
    return code { _ = try Manifest(decoding: manifest.encoded) }
  }

  @Test func readsAsWritten() throws {
    #expect(try Manifest(decoding: manifest().encoded) == manifest())
    let plain = manifest { $0.tree = TreeContent(entries: 1, bytes: 0) }
    #expect(try Manifest(decoding: plain.encoded) == plain)
    #expect(try Manifest(decoding: plain.encoded).slotImage == nil)
  }

  @Test func whatIsAnnouncedIsBounded() {
    #expect(refusal { $0.tree = nil } == .malformedManifest)
    #expect(refusal { $0.tree?.entries = 0 } == .malformedManifest)
    #expect(refusal { $0.tree?.entries = 1_000_000 } == .malformedManifest)
    #expect(refusal { $0.tree?.bytes = (1 << 44) + 1 } == .malformedManifest)
    #expect(refusal { $0.tree?.units = ["--now.service"] } == .malformedManifest)
    #expect(refusal { $0.tree?.units = ["a.service", "a.service"] } == .malformedManifest)
    #expect(refusal { $0.tree?.privileges[0].mode = 0o10000 } == .malformedManifest)
    #expect(refusal { $0.tree?.privileges[0].path = "" } == .malformedManifest)
    #expect(
      refusal { $0.tree?.privileges[0].capability = [UInt8](repeating: 0, count: 65) }
        == .malformedManifest)
  }

  @Test func namesThatCouldBeAnothersAreRefused() {
    #expect(refusal { $0.name = "gateway-2" } == .malformedManifest)
    #expect(refusal { $0.name = ".." } == .malformedManifest)
    #expect(refusal(version: "v1") == .malformedManifest)
  }

  @Test func aTreeNeedsItsFrames() {
    var without = manifest()
    without.tables[0].kind = "other"
    #expect(code { _ = try Manifest(decoding: without.encoded) } == BundleCode.malformedManifest)
  }

  @Test func payloadsStandInTheOrderOfTheArtefacts() throws {
    var two = sample.manifest
    var tree = manifest().artefacts[0]
    tree.payloadLength = 7
    two.artefacts.append(tree)
    #expect(two.payloadOffset(of: two.artefacts[0]) == 0)
    #expect(two.payloadOffset(of: tree) == UInt64(sample.payload.count))
  }
}
