/// A file, or one `package` section of an archive of canonical text, as written.
struct FileSyntax: Sendable {
    let file: Int
    var package: PackageSyntax?
    var imports: [ImportSyntax] = []
    var declarations: [DeclarationSyntax] = []
}

/// A possibly dotted name.
struct NameSyntax: Sendable {
    let text: String
    let span: Span

    var components: [String] { text.split(separator: ".").map(String.init) }
    var isDotted: Bool { text.contains(".") }
}

/// The doc comment and the annotations in front of a declaration or member.
struct HeadSyntax: Sendable {
    var doc: [String] = []
    var docSpan: Span?
    var annotations: [AnnotationSyntax] = []
}

struct PackageSyntax: Sendable {
    let head: HeadSyntax
    let name: NameSyntax
}

struct ImportSyntax: Sendable {
    let name: NameSyntax
    let alias: NameSyntax?
}

struct DeclarationSyntax: Sendable {
    enum Body: Sendable {
        case message([MemberSyntax])
        case union([MemberSyntax])
        case enumeration([EnumMemberSyntax])
        case scalar(TypeNameSyntax)
        case service([RPCSyntax])
    }

    var head: HeadSyntax
    let name: NameSyntax
    let body: Body
}

enum MemberSyntax: Sendable {
    case field(FieldSyntax)
    case oneof(OneofSyntax)
    case reserved(ReservedSyntax)
}

struct FieldSyntax: Sendable {
    var head: HeadSyntax
    let name: NameSyntax
    let type: TypeSyntax
    let number: IntegerSyntax
}

struct OneofSyntax: Sendable {
    let head: HeadSyntax
    let name: NameSyntax
    let fields: [FieldSyntax]
}

enum EnumMemberSyntax: Sendable {
    case value(EnumValueSyntax)
    case reserved(ReservedSyntax)
}

struct EnumValueSyntax: Sendable {
    let head: HeadSyntax
    let name: NameSyntax
    let number: IntegerSyntax
}

struct RPCSyntax: Sendable {
    let head: HeadSyntax
    let name: NameSyntax
    let request: RPCTypeSyntax
    let response: RPCTypeSyntax
}

struct RPCTypeSyntax: Sendable {
    let isStream: Bool
    let name: NameSyntax
}

struct IntegerSyntax: Sendable {
    let value: Int128
    let span: Span
}

/// A name in the place of a type.
typealias TypeNameSyntax = NameSyntax

struct TypeSyntax: Sendable {
    enum Shape: Sendable {
        case singular(TypeNameSyntax)
        case optional(TypeNameSyntax)
        case list(TypeNameSyntax)
        case map(key: TypeNameSyntax, value: TypeNameSyntax)
    }

    let shape: Shape
    let span: Span

    /// The name of the value or element.
    var element: TypeNameSyntax {
        switch shape {
        case .singular(let name), .optional(let name), .list(let name), .map(_, let name): name
        }
    }
}

struct ReservedSyntax: Sendable {
    enum Item: Sendable {
        case numbers(IntegerSyntax, through: IntegerSyntax?)
        case name(String, Span)

        var span: Span {
            switch self {
            case .numbers(let first, let last): first.span.joined((last ?? first).span)
            case .name(_, let span): span
            }
        }
    }

    let items: [Item]
}

struct AnnotationSyntax: Sendable {
    let name: NameSyntax
    let arguments: [ArgumentSyntax]
    let file: Int
    /// From `@` to the closing parenthesis.
    let span: Span

    var location: Location { Location(file: file, span: span) }
}

struct ArgumentSyntax: Sendable {
    let label: NameSyntax?
    let value: ValueSyntax
}

struct ValueSyntax: Sendable {
    indirect enum Kind: Sendable {
        case number(Literal)
        case range(Literal?, Literal?)
        case string(String)
        case boolean(Bool)
        case duration(nanoseconds: UInt64)
        case size(bytes: UInt64)
        case name(String)
        case list([ValueSyntax])
    }

    let kind: Kind
    let span: Span
}

/// A number as written: an integer, or a decimal fraction.
enum Literal: Sendable, Hashable {
    case integer(Int128)
    /// The source text, without underscores, and its value.
    case fraction(String, Double)

    var double: Double {
        switch self {
        case .integer(let value): Double(value)
        case .fraction(_, let value): value
        }
    }

    /// Exact between integers, which may have more digits than a double holds.
    func isGreater(than other: Literal) -> Bool {
        if case .integer(let left) = self, case .integer(let right) = other { return left > right }
        return double > other.double
    }

    /// As in canonical text: integers decimal, fractions as written.
    var text: String {
        switch self {
        case .integer(let value): String(value)
        case .fraction(let text, _): text
        }
    }
}
