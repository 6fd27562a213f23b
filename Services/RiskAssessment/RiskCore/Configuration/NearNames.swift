internal import RuleLanguage

/// Names that a misspelt one might mean.
enum NearNames {
    /// Up to three, nearest first.
    static func nearest(to name: String, among names: [String]) -> [String] {
        Suggestions.nearest(to: name, among: names)
    }

    /// `; did you mean a, b or c?`, or nothing if there are no names.
    static func hint(_ name: String, among names: [String]) -> String {
        let near = nearest(to: name, among: names)
        guard let last = near.last else { return "" }
        let first = near.dropLast().joined(separator: ", ")
        return "; did you mean \(first.isEmpty ? "" : first + " or ")\(last)?"
    }
}
