/// Reading annotations: names and places first, then typed arguments.
extension Resolver {
    mutating func read(
        _ head: HeadSyntax, at place: AnnotationCatalog.Place, section: Int
    ) -> AnnotationSet {
        var set = AnnotationSet()
        for annotation in head.annotations {
            let name = annotation.name.text
            if AnnotationCatalog.isExtension(name) {
                set.append(annotation)
                continue
            }
            guard let places = AnnotationCatalog.places[name] else {
                let known = AnnotationCatalog.places.keys
                error(
                    .unknownAnnotation, section, annotation.span, "unknown annotation '@\(name)'",
                    hint: Suggestion.nearest(to: name, among: known).map {
                        "did you mean '@\($0)'?"
                    })
                continue
            }
            if !places.contains(place) {
                let allowed = places.map(\.rawValue).joined(separator: " or ")
                error(
                    .annotationPlace, section, annotation.span,
                    "'@\(name)' belongs to a \(allowed); this is a \(place.rawValue)")
            } else if let first = set[name] {
                error(
                    .annotationArgument, section, annotation.span, "'@\(name)' is repeated",
                    notes: [
                        .init(location: location(section, first.span), text: "first given here")
                    ])
            } else {
                set.append(annotation)
            }
        }
        return set
    }

    mutating func argumentError(
        _ annotation: AnnotationSyntax, _ expected: String
    ) {
        diagnostics.error(
            .annotationArgument, at: annotation.location,
            "'@\(annotation.name.text)' takes \(expected)")
    }

    /// The arguments by label, "" for the one without; nil if there are others than these.
    mutating func arguments(
        of annotation: AnnotationSyntax, allowed: [String]
    ) -> [String: ValueSyntax]? {
        var result: [String: ValueSyntax] = [:]
        for argument in annotation.arguments {
            let label = argument.label?.text ?? ""
            let span = argument.label?.span ?? argument.value.span
            guard allowed.contains(label) else {
                let labels = allowed.filter { !$0.isEmpty }
                diagnostics.error(
                    .annotationArgument, at: Location(file: annotation.file, span: span),
                    label.isEmpty
                        ? "'@\(annotation.name.text)' has no argument without a label"
                        : "'@\(annotation.name.text)' has no argument '\(label)'",
                    hint: Suggestion.hint(for: label, among: labels))
                return nil
            }
            guard result.updateValue(argument.value, forKey: label) == nil else {
                diagnostics.error(
                    .annotationArgument, at: Location(file: annotation.file, span: span),
                    label.isEmpty ? "one argument is enough" : "'\(label)' is given twice")
                return nil
            }
        }
        return result
    }

    /// The only argument, which has no label.
    mutating func soleArgument(of annotation: AnnotationSyntax) -> ValueSyntax? {
        guard annotation.arguments.count == 1, annotation.arguments[0].label == nil else {
            argumentError(annotation, "one argument")
            return nil
        }
        return annotation.arguments[0].value
    }

    mutating func noArguments(of annotation: AnnotationSyntax?) {
        guard let annotation, !annotation.arguments.isEmpty else { return }
        argumentError(annotation, "no arguments")
    }

    mutating func integerArgument(
        of annotation: AnnotationSyntax, in limits: ClosedRange<Int>
    ) -> Int? {
        if let value = soleArgument(of: annotation) {
            if let number = count(value), limits.contains(number) { return number }
            argumentError(
                annotation,
                "a number from \(limits.lowerBound) to \(limits.upperBound)")
        }
        return nil
    }

    /// A count of bytes or elements: a number, or a size such as `1MiB`.
    func count(_ value: ValueSyntax?) -> Int? {
        switch value?.kind {
        case .number(.integer(let number)): Int(exactly: number)
        case .size(let bytes): Int(exactly: bytes)
        default: nil
        }
    }

    mutating func stringArgument(of annotation: AnnotationSyntax) -> String? {
        guard let value = soleArgument(of: annotation) else { return nil }
        if case .string(let text) = value.kind { return text }
        argumentError(annotation, "a string")
        return nil
    }

    mutating func nameArgument(
        of annotation: AnnotationSyntax, among names: [String]
    ) -> String? {
        guard let value = soleArgument(of: annotation) else { return nil }
        if case .name(let name) = value.kind, names.contains(name) { return name }
        argumentError(annotation, "one of \(names.joined(separator: ", "))")
        return nil
    }
}
