internal import Glibc
public import SlotCore

public enum PermissionCode: String, FailureCode {
  public static var domain: FailureDomain { .permission }
  case notRoot = "not_root"
}

public typealias PermissionFailure = Failure<PermissionCode>

extension Failure where Code == PermissionCode {
  /// What changes a device, or decides over it, is for root.
  ///
  /// - Throws: `notRoot`.
  public static func requireRoot() throws(PermissionFailure) {
    guard geteuid() == 0 else {
      throw PermissionFailure(
        .notRoot, "only root can do this", hint: "run it with sudo, or try it with --root DIR")
    }
  }
}
