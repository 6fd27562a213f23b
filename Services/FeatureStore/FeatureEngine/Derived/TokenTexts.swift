/// Texts by their keyed hashes: states hold the hash of a text, and expressions compare it with
/// the texts of the event at hand, of parameters and of lists.
///
/// A hash of no known text stands for a text of its own, so that equal ones are equal.
public struct TokenTexts: Sendable {
    private let texts: [UInt64: String]

    /// - Parameters:
    ///   - texts: those an expression may compare with, as in ``VectorPlan/texts``.
    ///   - hash: the tenant's keyed hash of a text.
    public init(_ texts: some Sequence<String>, hash: (String) -> UInt64) {
        var known: [UInt64: String] = [:]
        for text in texts { known[hash(text)] = text }
        self.texts = known
    }

    /// Knows no text.
    public init() { texts = [:] }

    func text(of hash: UInt64) -> String { texts[hash] ?? Self.opaque(hash) }

    /// Short enough to be kept without memory of its own; starts as no text of a person does.
    static func opaque(_ hash: UInt64) -> String {
        String(unsafeUninitializedCapacity: 12) { bytes in
            bytes[0] = 1
            for index in 0..<11 {
                bytes[index + 1] = 0x30 + UInt8(truncatingIfNeeded: hash >> UInt64(6 * index)) & 63
            }
            return 12
        }
    }
}
