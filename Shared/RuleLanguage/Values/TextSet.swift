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
    /// An entry that counts for a while: from one second since 1970 until before another.
    public struct Dated: Sendable, Hashable {
        public var text: String
        public var from: Int64
        public var until: Int64

        public init(_ text: String, from: Int64, until: Int64) {
            self.text = text
            self.from = from
            self.until = until
        }
    }

    private let entries: Set<ExactText>
    /// Nil if all entries always count, which is the common case.
    private let dated: [ExactText: [Dated]]?

    public init(_ entries: some Sequence<String>, dated: [Dated] = []) {
        self.entries = Set(entries.lazy.map(ExactText.init))
        self.dated =
            dated.isEmpty ? nil : Dictionary(grouping: dated) { ExactText($0.text) }
    }

    public var count: Int { entries.count + (dated?.count ?? 0) }

    /// In no order.
    var texts: some Sequence<String> {
        entries.map(\.text) + (dated.map { $0.keys.map(\.text) } ?? [])
    }

    /// Whether the text is an entry that always counts.
    public func contains(_ text: String) -> Bool { entries.contains(ExactText(text)) }

    /// Whether the text is an entry that counts at a second since 1970.
    public func contains(_ text: String, at second: Int64) -> Bool {
        let text = ExactText(text)
        if entries.contains(text) { return true }
        guard let dated, let periods = dated[text] else { return false }
        return periods.contains { $0.from <= second && second < $0.until }
    }
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
