/// The part of the project that a failure belongs to. The commands map a domain to one exit status.
public enum FailureDomain: String, Sendable, CaseIterable {
  case bundle, trust, policy, source, slot, bootControl, ledger, configuration, lock, permission
  case cancelled, output, usage, health, feed, mode, service, system
}

/// The codes of one domain. Raw values are stable: `--json` prints them.
public protocol FailureCode: RawRepresentable, Sendable, Hashable where RawValue == String {
  static var domain: FailureDomain { get }
}

/// What every error of this project can say, whatever its domain.
public protocol ActionableError: Error, CustomStringConvertible {
  var domain: FailureDomain { get }
  /// The stable name of the error within its domain.
  var codeName: String { get }
  /// One sentence, lower case, without a full stop.
  var message: String { get }
  /// What to do next, if there is anything that the operator can do.
  var hint: String? { get }
  /// What programs may want to know beside the words; nil for most.
  var details: JSONValue? { get }
}

/// An error of one domain: a code that tests and programs compare, and words that a person can act on.
public struct Failure<Code: FailureCode>: ActionableError, Equatable {
  public let code: Code
  public let message: String
  public let hint: String?
  /// The `errno` of the system call that failed, where one did.
  public let systemError: Int32?
  public let details: JSONValue?

  public init(
    _ code: Code, _ message: String, hint: String? = nil, systemError: Int32? = nil,
    details: JSONValue? = nil
  ) {
    self.code = code
    self.message = message
    self.hint = hint
    self.systemError = systemError
    self.details = details
  }

  public var domain: FailureDomain { Code.domain }
  public var codeName: String { code.rawValue }
  public var description: String { message }
}
