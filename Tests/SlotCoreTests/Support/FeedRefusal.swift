import SlotCore
import Testing

/// Why `body` refuses metadata; nil where it does not. Any other error is recorded.
func refusal(_ body: () throws -> Void) -> FeedCode? {
  do { try body() } catch let failure as FeedFailure {
    return failure.code
  } catch {
    Issue.record("threw \(error)")
  }
  return nil
}
