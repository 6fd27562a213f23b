import ArgumentParser
import Foundation

/// Makes what TLS needs, for development.
struct CertificatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificates",
        abstract: "Makes a development authority and a certificate for each process.",
        discussion: """
            An authority that is in the folder already is kept. Production certificates come from
            cert-manager or a bank's own authority.
            """)

    @Option(help: "Folder to write to; made if it is not there.")
    var folder: String

    @Option(help: "A host name under which clients reach the gateway; once for each.")
    var edgeName: [String] = []

    func run() throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try DevelopmentCertificates(folder: folder, edgeNames: edgeName).make()
    }
}
