import SlotCore
import Testing

/// The code of the failure that `body` throws; another outcome is recorded and gives nil.
func code<Code: FailureCode>(
  _ type: Code.Type = Code.self, sourceLocation: SourceLocation = #_sourceLocation,
  of body: () throws -> Void
) -> Code? {
  do {
    try body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  } catch let failure as Failure<Code> {
    return failure.code
  } catch {
    Issue.record("threw \(error)", sourceLocation: sourceLocation)
  }
  return nil
}
