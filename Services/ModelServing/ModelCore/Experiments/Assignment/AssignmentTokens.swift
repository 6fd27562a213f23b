internal import Crypto
internal import Foundation

/// Tokens that keep a person in the arm of an earlier reply, also when a later call knows them by
/// another unit: the token carries the hash under which they were drawn, so that they count once.
struct AssignmentTokens: Sendable {
    /// `1`, the unit's hash, the arm and a code that only this experiment's secret makes.
    private static let version = "1"
    static let maximumBytes = 256

    let experiment: String
    let epoch: UInt32
    let secret: [UInt8]

    func token(arm: String, unit: UInt64) -> String {
        let hash = Self.hexadecimal(
            (0..<8).map { UInt8(truncatingIfNeeded: unit >> (56 - 8 * $0)) })
        return [Self.version, hash, arm, code(arm: arm, hash: hash)].joined(separator: ".")
    }

    /// The first token that is of this experiment and epoch.
    func first(of tokens: [String]) -> (arm: String, unit: UInt64)? {
        for token in tokens.prefix(16) {
            if let found = read(token) { return found }
        }
        return nil
    }

    private func read(_ token: String) -> (arm: String, unit: UInt64)? {
        guard token.utf8.count <= Self.maximumBytes else { return nil }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == Self.version, parts[1].utf8.count == 16,
            let unit = UInt64(parts[1], radix: 16),
            isEqual(parts[3], code(arm: parts[2], hash: parts[1]))
        else { return nil }
        return (parts[2], unit)
    }

    private func code(arm: String, hash: String) -> String {
        let text = [Self.version, experiment, "\(epoch)", hash, arm].joined(separator: "\0")
        let code = HMAC<SHA256>.authenticationCode(
            for: Data(text.utf8), using: SymmetricKey(data: secret))
        return Self.hexadecimal(Array(code.prefix(16)))
    }

    /// In the same time whatever differs.
    private func isEqual(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        return a.count == b.count && zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
