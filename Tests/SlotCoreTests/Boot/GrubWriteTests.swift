import SlotCore
import Testing

@Suite struct GrubWriteTests {
  private let old = grubBlock("a=1\n")

  private func changed(_ index: Int) -> [UInt8] {
    var bytes = old
    bytes[index] ^= 1
    return bytes
  }

  @Test func nothing() { #expect(GrubWrite(from: old, to: old) == .nothing) }

  @Test(arguments: [0, 30, 511]) func firstSector(_ index: Int) {
    let new = changed(index)
    #expect(GrubWrite(from: old, to: new) == .firstSector(Array(new[..<512])))
  }

  @Test(arguments: [512, 1023]) func aSecondSectorTakesANewFile(_ index: Int) {
    #expect(GrubWrite(from: old, to: changed(index)) == .newFile(changed(index)))
  }

  @Test func withoutAFileOfTheRightLength() {
    #expect(GrubWrite(from: nil, to: old) == .newFile(old))
    #expect(GrubWrite(from: [], to: old) == .newFile(old))
    #expect(GrubWrite(from: Array(old.dropLast()), to: old) == .newFile(old))
  }
}
