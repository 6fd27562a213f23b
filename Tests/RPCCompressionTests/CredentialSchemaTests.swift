import SchemaCompiler
import Testing

@Suite("Credentials in schemas")
struct CredentialSchemaTests {
    /// The descriptors of a schema's methods as they are generated.
    private static func descriptors(_ messages: String, _ rpc: String) -> String {
        let text = """
            package test.secrets.v1

            \(messages)

            @public
            service Vault {
              @readonly
              \(rpc)
            }

            """
        let compilation = Compilation([
            SourceFile(path: "test/secrets/v1/secrets.schema", text: text)
        ])
        let problems = compilation.diagnostics.map { compilation.rendered($0) }
        #expect(problems.isEmpty, "\(problems)")
        return compilation.swiftFiles().map(\.text).joined()
    }

    private static let plain = "message Plain { name: string = 1 @max(10) }"
    private static let nested = """
        message Key { secret: bytes = 1 @max(32) @pii(credential) }
        message Ring { keys: [Key] = 1 @max(4) }
        union Choice {
          ring: Ring = 1
          plain: Plain = 2
        }
        message Outer { choice: Choice? = 1 }
        """

    @Test("a method whose request or reply may hold a credential says so, however deep it is")
    func marked() {
        for rpc in [
            "rpc Put(Outer) -> Plain", "rpc Put(Plain) -> stream Outer", "rpc Put(Key) -> Key",
        ] {
            let text = Self.descriptors(Self.plain + "\n" + Self.nested, rpc)
            #expect(text.contains("carriesCredentials: true"), "\(rpc)")
        }
    }

    @Test("other personal data does not count")
    func unmarked() {
        let message = "message Person { name: string = 1 @max(10) @pii(person) }"
        let text = Self.descriptors(Self.plain + "\n" + message, "rpc Put(Person) -> Plain")
        #expect(!text.isEmpty)
        #expect(!text.contains("carriesCredentials"))
    }
}
