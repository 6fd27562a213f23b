/// How the reason of a contradicted claim names the facts, so that a record tells them too.
enum ClaimMismatch {
    private static let separator = ": "
    private static let comma = ", "

    static func text(_ text: String, naming facts: [String]) -> String {
        text + separator + facts.joined(separator: comma)
    }

    /// The facts that a reason's text names.
    static func facts(in text: String) -> [String] {
        guard let start = text.ranges(of: separator).last?.upperBound else { return [] }
        return text[start...].split(separator: comma).map(String.init)
    }
}
