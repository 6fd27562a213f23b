import GatewayCore
import RPC

/// Checks of a wrong key of a known id and of an unknown one, each in a call that a profiler can find.
enum KeyWork {
    nonisolated(unsafe) fileprivate static var check: () -> Void = {}

    static func run() throws {
        let gateway = try BenchGateway([])
        let circumstances = Authenticator.Circumstances(
            wallClock: BenchSigner.now, now: Instant(nanoseconds: 1))
        let known = (0..<8).map { BenchGateway.key($0 * 100, secret: 9) }
        let unknown = (0..<8).map { BenchGateway.key(5000 + $0 * 100, secret: 9) }
        for (name, keys) in [("warm", known), ("known", known), ("unknown", unknown)] {
            let texts = keys.map { Array($0.text.utf8)[...] }
            check = {
                for text in texts {
                    _ = gateway.authenticator.authenticate(.apiKey(text), circumstances)
                }
            }
            measuredKeyChecks()
            print(name)
        }
    }
}

/// Under this name the profiler finds what it is to count.
@_silgen_name("assay_measured_key_checks") @inline(never)
func measuredKeyChecks() { KeyWork.check() }
