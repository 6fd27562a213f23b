/// A text that equals another exactly when their UTF-8 bytes are equal. Swift's own `String`
/// equality follows canonical equivalence, which the language must not.
struct ExactText: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (a: ExactText, b: ExactText) -> Bool { a.text.isExactly(b.text) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// A named list of texts that expressions ask with `in`.
public struct TextSet: Sendable {
    private let entries: Set<ExactText>

    public init(_ entries: some Sequence<String>) {
        self.entries = Set(entries.lazy.map(ExactText.init))
    }

    public var count: Int { entries.count }

    /// In no order.
    var texts: some Sequence<String> { entries.lazy.map(\.text) }

    public func contains(_ text: String) -> Bool { entries.contains(ExactText(text)) }
}

extension String {
    /// Whether both texts are the same code points.
    func isExactly(_ other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }

    /// Order by code points, which is the order of the UTF-8 bytes.
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }

    /// Whether the code points of `part` occur in a row. The time is linear in both lengths.
    func hasExactly(_ part: String) -> Bool {
        var (text, part) = (self, part)
        return text.withUTF8 { text in part.withUTF8 { TextSearch.contains(text, $0) } }
    }
}
