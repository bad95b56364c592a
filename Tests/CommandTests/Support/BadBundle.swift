import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// A bundle that has to be refused, and how.
struct BadBundle: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let bytes: @Sendable () throws -> [UInt8]
  let status: Int32
  /// A part of the sentence.
  let sentence: String

  init(
    _ name: String, _ status: Int32, _ sentence: String,
    _ bytes: @escaping @Sendable () throws -> [UInt8]
  ) {
    testDescription = name
    self.bytes = bytes
    self.status = status
    self.sentence = sentence
  }

  private static let good = Releases.newer

  /// The good bundle's bytes, cut off in the middle of `part`.
  private static func cut(
    _ part: @escaping @Sendable (BundleParts) -> Range<Int>
  ) -> @Sendable () throws -> [UInt8] {
    {
      let bytes = good.encoded
      let range = part(try BundleParts(bytes))
      return Array(bytes[..<(range.lowerBound + range.count / 2)])
    }
  }

  /// The good bundle's bytes with one bit changed in the middle of `part`.
  private static func flipped(
    _ part: @escaping @Sendable (BundleParts) -> Range<Int>
  ) -> @Sendable () throws -> [UInt8] {
    {
      var bytes = good.encoded
      let range = part(try BundleParts(bytes))
      bytes[range.lowerBound + range.count / 2] ^= 1
      return bytes
    }
  }

  /// The good bundle's bytes with `value` at `offset` of the header.
  private static func header<Value: FixedWidthInteger & Sendable>(
    _ offset: Int, _ value: Value
  ) -> @Sendable () throws -> [UInt8] {
    {
      var bytes = good.encoded
      bytes.replaceSubrange(
        offset..<offset + MemoryLayout<Value>.size, with: LittleEndian.encode(value))
      return bytes
    }
  }

  private static func signed(
    _ change: @escaping @Sendable (inout SampleBundle) -> Void
  ) -> @Sendable () throws -> [UInt8] {
    { good.changing(change).encoded }
  }

  /// With the table of frames changed and described anew, so that only its meaning is wrong.
  private static func table(
    _ change: @escaping @Sendable (inout SampleBundle) -> Void
  ) -> @Sendable () throws -> [UInt8] {
    {
      good.changing {
        change(&$0)
        $0.describeTable()
      }.encoded
    }
  }

  private static func text(_ old: String, _ new: String) -> @Sendable () throws -> [UInt8] {
    { good.replacing(old, by: new) }
  }

  /// Cut off in a part that has to be read before anything is written.
  static let truncated = [
    BadBundle("empty", 65, "the bundle is empty") { [] },
    BadBundle("header cut", 65, "the bundle ends after 20 of 32 bytes") {
      Array(good.encoded.prefix(20))
    },
    BadBundle("manifest cut", 65, "the bundle ends after", cut(\.manifest)),
    BadBundle("signatures cut", 65, "the bundle ends after", cut(\.signatures)),
    BadBundle("tables cut", 65, "the bundle ends after", cut(\.tables)),
  ]

  static let payloadCut = BadBundle(
    "payload cut", 65, "the bundle ends after", cut(\.payload))

  static let altered = [
    BadBundle("magic", 65, "this is not a .krux bundle", header(0, UInt8(0x88))),
    BadBundle("text mode", 65, "was damaged by a transfer in text mode") {
      Array(good.encoded.prefix(4) + good.encoded.dropFirst(5))
    },
    BadBundle("manifest", 76, "altered after it was signed", flipped(\.manifest)),
    BadBundle("signatures", 76, "the signature is malformed") {
      let bytes = good.encoded
      let parts = try BundleParts(bytes)
      return Array(bytes[..<parts.signatures.lowerBound])
        + [UInt8](repeating: 0, count: parts.signatures.count) + bytes[parts.tables.lowerBound...]
    },
    BadBundle("trusted comment", 76, "altered after it was signed") {
      let text = good.key.sign(good.manifest.encoded, trustedComment: "test").file
      let other = text.replacingOccurrences(of: "comment: test", with: "comment: best")
      return good.assembled(manifest: good.manifest.encoded, signatures: Array(other.utf8))
    },
    BadBundle("tables", 65, "the bundle's table of frames is damaged", flipped(\.tables)),
  ]

  static let payloadAltered = BadBundle(
    "payload", 65, "the bundle is damaged in frame", flipped(\.payload))

  static let untrusted = [
    BadBundle("unknown key", 76, "signed by a key that this device does not know") {
      good.changing { $0.key = SecretKey.generate() }.encoded
    },
    BadBundle("unsigned", 76, "the bundle is not signed") {
      good.assembled(manifest: good.manifest.encoded, signatures: [])
    },
    BadBundle("signature of another manifest", 76, "altered after it was signed") {
      let other = Array(good.key.sign([1, 2, 3], trustedComment: "test").file.utf8)
      return good.assembled(manifest: good.manifest.encoded, signatures: other)
    },
    BadBundle("seventeen signatures", 76, "the signature is malformed") {
      let one = Array(good.key.sign(good.manifest.encoded, trustedComment: "test").file.utf8)
      let all = [[UInt8]](repeating: one, count: 17).flatMap(\.self)
      return good.assembled(manifest: good.manifest.encoded, signatures: all)
    },
  ]

  static let refused = [
    BadBundle(
      "other product", 80, "the bundle is for product 'other', this is 'kruxos'",
      signed { $0.manifest.product = "other" }),
    BadBundle(
      "other hardware", 80, "the bundle is for hardware 'toaster', this is 'test-box'",
      signed { $0.manifest.compatible = ["toaster"] }),
    BadBundle(
      "comes from a newer one", 80, "can be installed from sequence 11 on, this device runs",
      signed { $0.manifest.minimumSource = 11 }),
    BadBundle(
      "same sequence", 80, "has the sequence of the running release, 10, and another image",
      signed { $0.manifest.sequence = 10 }),
    BadBundle(
      "unknown artefact", 80, "of kind 'firmware', which this version cannot",
      signed { bundle in
        var tree = bundle.manifest.artefacts[0]
        tree.name = "service"
        tree.kind = Artefact.Kind(rawValue: "firmware")
        tree.payloadLength = 0
        bundle.manifest.artefacts.append(tree)
      }),
    BadBundle(
      "too large for the slot", 80, "the image has 5308416 bytes and the target slot only 5242880"
    ) {
      SampleBundle(
        image: [UInt8](repeating: 0, count: 81 << 16), version: "9", sequence: 99,
        key: Releases.key
      ).encoded
    },
  ]

  static let absurd = [
    BadBundle("header too new", 65, "the bundle has format 2", header(8, UInt32(2))),
    BadBundle(
      "manifest too new", 65, "the bundle's manifest has format 2",
      text(#""format":1"#, #""format":2"#)),
    BadBundle("endless manifest", 65, "lengths that are out of range", header(12, UInt32.max)),
    BadBundle("no manifest", 65, "lengths that are out of range", header(12, UInt32(0))),
    BadBundle("endless signatures", 65, "lengths that are out of range", header(16, UInt32.max)),
    BadBundle("endless tables", 65, "lengths that are out of range", header(24, UInt64.max)),
    BadBundle("reserved field", 65, "lengths that are out of range", header(20, UInt32(1))),
    BadBundle(
      "other tables length", 65, "header and its signed manifest state different lengths",
      header(24, UInt64(72))),
    BadBundle(
      "endless image", 65, "'length' missing or wrong",
      text(#""length":1048576"#, #""length":9223372036854775807"#)),
    BadBundle(
      "image beyond its table", 65, "the length of the frame table missing or wrong",
      text(#""length":1048576"#, #""length":17592186044416"#)),
    BadBundle(
      "huge number", 65, "the bundle's manifest is malformed",
      text(#""sequence":12"#, #""sequence":99999999999999999999999"#)),
    BadBundle(
      "negative sequence", 65, "'sequence' missing or wrong",
      text(#""sequence":12"#, #""sequence":-12"#)),
    BadBundle(
      "frames of one byte", 65, "'frameSize' missing or wrong",
      text(#""frameSize":65536"#, #""frameSize":1"#)),
    BadBundle(
      "duplicate keys", 65, "the bundle's manifest is malformed",
      text(#""sequence":12"#, #""sequence":12,"sequence":13"#)),
    BadBundle(
      "deep nesting", 65, "the bundle's manifest is malformed",
      text(#""notes":[]"#, #""notes":"# + String(repeating: "[", count: 100_000))),
    BadBundle("no JSON", 65, "the bundle's manifest is malformed") {
      good.assembled(manifest: Array("hello\n".utf8))
    },
    BadBundle(
      "stored length of a frame", 65, "table of frames is malformed: frame 0",
      table { $0.records[0].storedLength = Int(UInt32.max) }),
    BadBundle(
      "stored lengths in all", 65, "table of frames is malformed: payload length",
      table { $0.records[0].storedLength -= 1 }),
    BadBundle(
      "zero frame with other digest", 65, "table of frames is malformed: frame 3",
      table { $0.records[3].plainDigest = Digest(of: [1]) }),
    BadBundle(
      "image digest", 65, "table of frames is malformed: image digest",
      table { $0.records[0].plainDigest = Digest(of: [1]) }),
  ]

  /// All that can be seen before anything is written.
  static let seenBeforeWriting = truncated + altered + untrusted + refused + absurd
}
