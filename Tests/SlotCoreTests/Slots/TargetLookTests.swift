import SlotCore
import Testing

@Suite struct TargetLookTests {
  /// Of so many frames, those that are looked at, when `there` says which the target has.
  private func looked(_ count: Int, there: (Int) -> Bool) -> [Int] {
    var look = TargetLook()
    return (0..<count).filter { index in
      guard look.isWorthwhile() else { return false }
      look.note(isThere: there(index))
      return true
    }
  }

  @Test func aTargetThatHasTheFramesIsLookedAtForAll() {
    #expect(looked(100) { _ in true } == Array(0..<100))
  }

  @Test func halfOfThemIsEnough() {
    #expect(looked(100) { $0.isMultiple(of: 2) } == Array(0..<100))
    #expect(looked(100) { $0.isMultiple(of: 3) }.count < 50)
  }

  @Test func aTargetThatHasNoneIsLookedAtForOneInEight() {
    #expect(looked(45) { _ in false } == [0, 1, 2, 3, 4, 12, 20, 28, 36, 44])
  }

  /// As behind what an interrupted install has not reached, or in front of it.
  @Test func itIsNoticedWhereTheTargetBecomesLikeTheImage() {
    let looked = looked(400) { $0 >= 200 }
    #expect(looked.suffix(150) == Array(250..<400)[...])
  }
}
