internal import RPC
internal import Synchronization

/// A token that was verified, and under which conditions that still holds.
final class VerifiedToken: Sendable {
    let digest: TokenDigest
    let principal: Principal
    /// The certificate that the token is bound to.
    let certificate: [UInt8]?
    let issuer: Int
    let keyID: String
    let keyFingerprint: [UInt8]
    /// The set in which its key was seen.
    let keySet: KeySet
    /// Seconds since 1970 between which it is good, as it says itself.
    let validFrom: Int64
    let validUntil: Int64
    /// When it is verified again, whatever it says.
    let staleAt: Instant

    init(
        digest: TokenDigest, principal: Principal, certificate: [UInt8]?, issuer: Int,
        keyID: String,
        keyFingerprint: [UInt8], keySet: KeySet, validFrom: Int64, validUntil: Int64,
        staleAt: Instant
    ) {
        self.digest = digest
        self.principal = principal
        self.certificate = certificate
        self.issuer = issuer
        self.keyID = keyID
        self.keyFingerprint = keyFingerprint
        self.keySet = keySet
        self.validFrom = validFrom
        self.validUntil = validUntil
        self.staleAt = staleAt
    }

    func isFresh(now: Instant, wallClock: Int64) -> Bool {
        now < staleAt && validFrom <= wallClock && wallClock < validUntil
    }
}

/// Tokens that were verified lately, by the SHA-256 of their text, in bounded memory.
///
/// In 16 parts, each behind its own lock, which is held for a few comparisons. A token has four places;
/// where all are taken it replaces the one that would be verified again first. Nobody can choose tokens
/// that fall together: only signed ones get in, and SHA-256 places them.
final class TokenCache: Sendable {
    static let standardCapacity = 16_384
    /// A token is verified again after this, however long it lives.
    static let longestLife = Duration.seconds(60)

    private static let places = 4

    private final class Part: Sendable {
        let tokens: Mutex<[VerifiedToken?]>

        init(capacity: Int) {
            tokens = Mutex(Array(repeating: nil, count: capacity))
        }
    }

    private let parts: [Part]
    /// Groups of places in a part; a power of 2.
    private let groups: Int

    /// - Parameter capacity: Rounded up to a power of 2, at least 64.
    init(capacity: Int = standardCapacity) {
        var size = 64
        while size < capacity, size < 1 << 22 { size <<= 1 }
        groups = size / 16 / Self.places
        let perPart = size / 16
        parts = (0..<16).map { _ in Part(capacity: perPart) }
    }

    func token(_ digest: TokenDigest) -> VerifiedToken? {
        let first = start(digest)
        return part(digest).tokens.withLock { tokens in
            for index in first..<first + Self.places {
                if let token = tokens[index], token.digest == digest { return token }
            }
            return nil
        }
    }

    func insert(_ token: VerifiedToken) {
        let first = start(token.digest)
        part(token.digest).tokens.withLock { tokens in
            var place = first
            for index in first..<first + Self.places {
                guard let other = tokens[index] else {
                    place = index
                    break
                }
                if other.digest == token.digest {
                    place = index
                    break
                }
                if other.staleAt < tokens[place]?.staleAt ?? other.staleAt { place = index }
            }
            tokens[place] = token
        }
    }

    private func part(_ digest: TokenDigest) -> Part { parts[Int(digest.words.1 & 15)] }

    private func start(_ digest: TokenDigest) -> Int {
        (Int(truncatingIfNeeded: digest.words.0) & (groups - 1)) * Self.places
    }
}
