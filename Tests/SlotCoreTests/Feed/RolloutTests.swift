import SlotCore
import Testing

@Suite struct RolloutTests {
  private static let day: Int64 = 86_400
  private let machine = "0123456789abcdef0123456789abcdef"

  private func at(_ days: Int64) -> Timestamp { Timestamp(seconds: days * RolloutTests.day) }

  private func digest(_ byte: UInt8) throws -> Digest {
    try #require(Digest(bytes: [UInt8](repeating: byte, count: 32)))
  }

  private var waves: Rollout {
    Rollout(waves: [
      .init(from: at(10), percent: 1), .init(from: at(12), percent: 25),
      .init(from: at(14), percent: 100),
    ])
  }

  /// Computed from docs/formats/feed.md by another program.
  @Test func knownPlaces() throws {
    #expect(Rollout.place(machineID: machine, manifest: try digest(0xab)) == 5371)
    #expect(Rollout.place(machineID: machine, manifest: try digest(0xef)) == 978)
    let other = String(repeating: "0", count: 32)
    #expect(Rollout.place(machineID: other, manifest: try digest(0xab)) == 334)
  }

  /// A wave of one per cent may not reach all that have no id at once.
  @Test func devicesWithoutAnIdComeLast() throws {
    let place = Rollout.place(machineID: nil, manifest: try digest(0xab))
    #expect(place == 9_999)
    #expect(waves.availability(place: place, at: at(13)) == .later(at(14)))
  }

  /// Of a thousand devices each tenth of the fleet has about a hundred.
  @Test func placesAreSpread() throws {
    var counts = [Int](repeating: 0, count: 10)
    let digest = try digest(1)
    for device in 0..<1000 {
      counts[Rollout.place(machineID: "device-\(device)", manifest: digest) / 1000] += 1
    }
    #expect(counts.allSatisfy { (70...130).contains($0) }, "\(counts)")
  }

  @Test func eachWaveAddsDevices() {
    #expect(waves.availability(place: 99, at: at(9)) == .later(at(10)))
    #expect(waves.availability(place: 99, at: at(10)) == .now)
    #expect(waves.availability(place: 100, at: at(10)) == .later(at(12)))
    #expect(waves.availability(place: 2499, at: at(13)) == .now)
    #expect(waves.availability(place: 9999, at: at(13)) == .later(at(14)))
    #expect(waves.availability(place: 9999, at: at(14)) == .now)
  }

  @Test func whoNoWaveReachesWaits() {
    let rollout = Rollout(waves: [.init(from: at(1), percent: 50)])
    #expect(rollout.availability(place: 4999, at: at(2)) == .now)
    #expect(rollout.availability(place: 5000, at: at(2)) == .unplanned)
    let none = Rollout(waves: [.init(from: at(1), percent: 0)])
    #expect(none.availability(place: 0, at: at(2)) == .unplanned)
  }

  @Test func withoutWavesEverybodyIsReached() {
    #expect(Rollout.everybody.availability(place: 9999, at: at(0)) == .now)
  }
}
