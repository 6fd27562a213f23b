public import RuleLanguage

/// Labels of an enumeration; a code is a position, and an unknown text is code 0.
public struct EnumerationDefinition: Hashable, Sendable {
    public let name: String
    public let labels: [String]
    private let codes: [String: Int]

    init(name: String, labels: [String]) {
        self.name = name
        self.labels = labels
        codes = Dictionary(
            labels.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
    }

    /// Nil for a text that is no label.
    public func code(of label: String) -> Int? { codes[label] }
}

/// What changes beside the meaning of features: lists, parameters and rates (R11). Whoever keeps
/// rows gives each of its states a number, the reference epoch.
public struct ReferenceData: Sendable {
    public let parameters: [String: Parameter]
    public let lists: [String: TextSet]
    /// What one of a currency is worth in the base currency.
    public let rates: [String: ExchangeRate]
    /// SHA-256 of all of it.
    public let hash: [UInt8]
    /// SHA-256 per parameter (`P.x`), list (`L.x`) and rate (`USD`), by name.
    public let hashes: [String: [UInt8]]
}
