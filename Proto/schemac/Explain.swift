internal import ArgumentParser
internal import SchemaCompiler

/// `schemac explain`: a diagnostic or a rule at length.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Explains a diagnostic (S0203), a rule of the wire format (R7) or of changes (WIRE-05)."
    )

    @Option(help: "Colours of the output: auto (on a terminal), always or never.")
    var color = ColorMode.auto

    @Argument(help: "The code; without one, all codes are listed.")
    var code: String?

    func run() throws {
        guard let code else { return print(Explanation.index, terminator: "") }
        if let page = Explanation.of(code) {
            return print(page.rendered(color.palette(of: .standardOutput)), terminator: "")
        }
        let hint = Explanation.suggestion(for: code).map { "did you mean '\($0)'? " } ?? ""
        throw Failure.input(
            "there is no code '\(code)'; \(hint)'schemac explain' alone lists them all")
    }
}
