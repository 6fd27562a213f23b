internal import FuzzProperties
internal import RuleLanguage

/// What must hold of any text that claims to be an expression: it is refused with places inside the
/// text, or it has one result, folded or not, within the work that its cost allows.
///
/// The first byte of an input chooses how strictly the text is checked and draws the frames; the
/// text follows.
struct LanguageProperties {
    private let dialect: Dialect
    private let seed: UInt64
    private let source: String

    init(_ input: [UInt8]) {
        let choice = input.first ?? 0
        dialect = [.rules, .rules, .cel, .unchecked][Int(choice & 3)]
        seed = UInt64(choice >> 2)
        source = String(decoding: input.dropFirst(), as: UTF8.self)
    }

    func check() throws(PropertyViolation) -> Bool {
        try checkCondition()
        let plain = try compile(folds: false)
        let folded = try compile(folds: true)
        guard let plain else { return false }
        guard let folded else {
            throw PropertyViolation(property: "L1", detail: "only unfolded it compiles: \(source)")
        }
        let costs = (plain.expressions[0].cost, folded.expressions[0].cost)
        try require("L2", costs.1 <= costs.0, "folding made it dearer: \(costs): \(source)")
        try checkCanonicalText()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<3 {
            let frame = LanguageWorld.frame(&random)
            try checkRuns(plain, folded, frame)
        }
        return true
    }

    /// A program, or nil after diagnostics that are in order.
    private func compile(folds: Bool) throws(PropertyViolation) -> Program? {
        var builder = ProgramBuilder(
            environment: LanguageWorld.environment, folds: folds, dialect: dialect)
        do {
            _ = try builder.addExpression(source)
            return builder.build()
        } catch {
            try checkDiagnostics(error.diagnostics)
            return nil
        }
    }

    /// As a condition it is compiled or refused as well, also where an expression is fine.
    private func checkCondition() throws(PropertyViolation) {
        var builder = ProgramBuilder(environment: LanguageWorld.environment, dialect: dialect)
        do {
            _ = try builder.addCondition(source)
        } catch {
            try checkDiagnostics(error.diagnostics)
        }
    }

    private func checkDiagnostics(_ diagnostics: [Diagnostic]) throws(PropertyViolation) {
        try require("L3", !diagnostics.isEmpty, "refused without a word: \(source)")
        let lines = source.split(
            omittingEmptySubsequences: false, whereSeparator: { $0.unicodeScalars.contains("\n") })
        for diagnostic in diagnostics {
            let (span, text) = (diagnostic.span, diagnostic.message)
            try require(
                "L3", span.line >= 1 && span.line <= lines.count && span.column >= 1,
                "\(diagnostic) is outside of: \(source)")
            let width = lines[span.line - 1].unicodeScalars.count
            try require(
                "L3", span.column <= width + 1, "\(diagnostic) is outside of: \(source)")
            try require("L3", !text.isEmpty && text.utf8.count <= 1_000, "\(diagnostic)")
        }
    }

    /// The canonical text of a source is fixed, and asks only for facts that are there.
    private func checkCanonicalText() throws(PropertyViolation) {
        let builder = ProgramBuilder(environment: LanguageWorld.environment, dialect: dialect)
        let names = LanguageWorld.environment.facts.facts.map(\.name)
        let texts = (0..<2).map { _ in
            try? builder.canonicalText(of: source, naming: { names[$0] })
        }
        try require("L4", texts[0] != nil && texts[0] == texts[1], "no canonical text: \(source)")
    }

    private func checkRuns(
        _ plain: Program, _ folded: Program, _ frame: FactFrame
    ) throws(PropertyViolation) {
        var evaluator = Evaluator()
        let first = evaluator.value(0, of: plain, over: frame)
        let work = evaluator.work
        let second = evaluator.value(0, of: plain, over: frame)
        try require("L5", "\(first)" == "\(second)", "\(first), then \(second): \(source)")
        _ = evaluator.number(0, of: plain, over: frame)
        _ = evaluator.condition(0, of: plain, over: frame)
        // Without the work of handing a whole list or map out.
        let ownWork = evaluator.work
        // Folding may spare the work that ends the unfolded run.
        if work < Evaluator.maximumWork {
            let result = evaluator.value(0, of: folded, over: frame)
            try require("L6", "\(first)" == "\(result)", "\(first), folded \(result): \(source)")
        }
        guard dialect == .rules, isOfShortTexts else { return }
        let cost = plain.expressions[0].cost
        try require("L7", ownWork <= cost, "work \(ownWork) over the cost \(cost): \(source)")
    }

    /// Whether no text is longer than the sixteen bytes that one step of work stands for.
    private var isOfShortTexts: Bool {
        !["'", "\"", "+", "string", "similarity"].contains { source.contains($0) }
    }
}
