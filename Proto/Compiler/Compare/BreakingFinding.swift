/// A change that breaks something, with both places.
public struct BreakingFinding: Sendable {
    public let rule: BreakingRule
    /// The full name of what changed: a package, type, field, value, service or rpc, as it was.
    public let name: String
    /// What changed.
    public let message: String
    let old: Location
    /// Nil if nothing of it is left.
    let new: Location?
}

extension SchemaComparison {
    /// A finding as `schemac breaking` prints it: both places, why it breaks, what to do instead.
    ///
    /// - Parameter origin: what the old schemas are called, such as `git:main`.
    public func rendered(
        _ finding: BreakingFinding, _ severity: Severity, origin: String,
        _ palette: Palette = .plain
    ) -> String {
        var lines: [String] = []
        let label = palette(severity.style, "\(severity.rawValue):")
        let headline = "\(label) \(palette(.strong, finding.message)) [\(finding.rule.rawValue)]"
        if let location = finding.new {
            lines.append("\(place(location, in: new, prefix: "", palette)) \(headline)")
            lines += excerpt(location, .primary, in: new, palette)
        }
        let note = finding.new == nil ? headline : palette(.note, "note:") + " as it was"
        lines.append("\(place(finding.old, in: old, prefix: origin + ":", palette)) \(note)")
        let emphasis: Excerpt.Emphasis = finding.new == nil ? .primary : .secondary
        lines += excerpt(finding.old, emphasis, in: old, palette)
        lines.append(palette(.faint, "  why:") + " \(finding.rule.reason)")
        lines.append(palette(.faint, "  instead:") + " \(finding.rule.alternative)")
        return lines.joined(separator: "\n")
    }

    private func place(
        _ location: Location, in compilation: Compilation, prefix: String, _ palette: Palette
    ) -> String {
        let file = compilation.sources[location.file]
        let (line, column) = file.position(of: location.span.start)
        return palette(.strong, "\(prefix)\(file.path):\(line):\(column):")
    }

    private func excerpt(
        _ location: Location, _ emphasis: Excerpt.Emphasis, in compilation: Compilation,
        _ palette: Palette
    ) -> [String] {
        let file = compilation.sources[location.file]
        let width = String(file.position(of: location.span.start).line).count
        return Excerpt(location: location, text: "", emphasis: emphasis)
            .rendered(in: file, gutter: width, palette)
    }
}
