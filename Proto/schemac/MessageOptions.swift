internal import ArgumentParser
internal import SchemaCompiler
internal import Wire

/// What `encode` and `decode` have in common: the schemas, the type, and where the input comes
/// from.
struct MessageOptions: ParsableArguments {
    @OptionGroup var sources: SourceOptions

    @Argument(help: "A message or union: its full name, or the end of it if that is unambiguous.")
    var type: String

    @Argument(help: "The input; standard input if not given, or '-'.")
    var file: String?

    @Flag(help: "Fail if a bound of the schema is broken; else a warning says so.")
    var validate = false

    /// The name of the input in messages.
    var inputName: String { file.flatMap { $0 == "-" ? nil : $0 } ?? "standard input" }

    /// The messages of the schemas, and the full name of the type.
    func resolve() throws -> (schema: DynamicSchema, type: String) {
        let compilation = try sources.compileQuietly()
        guard let schema = compilation.dynamicSchema() else {
            throw Failure.findings("the schemas have errors")
        }
        switch compilation.messageType(named: type) {
        case .found(let name): return (schema, name)
        case .refused(let reason): throw Failure.input(reason)
        }
    }

    /// Says which bounds of the schema the message breaks; with `--validate`, as a failure.
    func report(_ violations: [Violation]) throws {
        for violation in violations {
            let limit = violation.limit.isEmpty ? "" : " (\(violation.limit))"
            Console.error(
                "\(validate ? "error" : "warning"): \(violation.path): \(violation.message)"
                    + " [@\(violation.rule)\(limit)]")
        }
        if violations.count == Violations.maximum {
            Console.error(
                "more than \(Violations.maximum) bounds may be broken; these are the first")
        }
        if validate, !violations.isEmpty {
            let count = violations.count
            throw Failure.findings("\(count) bound\(count == 1 ? " is" : "s are") broken")
        }
    }
}
