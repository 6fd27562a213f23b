import ArgumentParser
import Dispatch
import Foundation
import TLS

/// How the server speaks TLS, if it does.
struct TLSOptions: ParsableArguments {
    @Flag(help: "Speak TLS; without --tls-certificate, with a new certificate for localhost.")
    var tls = false

    @Option(help: "Certificate chain in PEM; looked at again every two seconds and on SIGHUP.")
    var tlsCertificate: String?

    @Option(help: "Key of the certificate, in PEM.")
    var tlsKey: String?

    @Option(
        help: "Where to write the authority of the new certificate, for clients that verify it.")
    var tlsAuthority: String?

    @Flag(help: "Speak TLS 1.3 only, as between our own services, instead of 1.2 too.")
    var tls13Only = false

    func validate() throws {
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key belong together")
        }
    }

    /// Nil without TLS.
    func certificates() throws -> BenchCertificates? {
        if let tlsCertificate, let tlsKey {
            let files = CertificateStore.Files(certificate: tlsCertificate, key: tlsKey)
            return .files(try CertificateStore(files, observer: Announcer()), isMesh: tls13Only)
        }
        guard tls else { return nil }
        let authority = try DevelopmentCertificateAuthority(name: "rpc-bench-server")
        let identity = try authority.issue(
            LeafCertificateRequest(
                commonName: "localhost", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1", "::1"])
        )
        if let tlsAuthority { try authority.trust.write(file: tlsAuthority) }
        return .made(identity, isMesh: tls13Only)
    }
}

/// The certificates of one run.
enum BenchCertificates {
    case files(CertificateStore, isMesh: Bool)
    case made(TLSIdentity, isMesh: Bool)

    func context() throws -> any TLSContextProvider {
        switch self {
        case .files(let store, let isMesh): try store.openContext(isMesh ? .mesh : .edge)
        case .made(let identity, let isMesh):
            try TLSContext.server(identity: identity, versions: isMesh ? .mesh : .edge)
        }
    }

    /// Looks at the files until the task is cancelled.
    func watch() async {
        guard case .files(let store, _) = self else { return }
        signal(SIGHUP, SIG_IGN)
        let hangups = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
        hangups.setEventHandler { store.check() }
        hangups.resume()
        defer { hangups.cancel() }
        while (try? await Task.sleep(for: .seconds(2))) != nil { store.check() }
    }
}

/// Says on standard error what becomes of the files.
private struct Announcer: CertificateObserver {
    func certificatesChanged(_ set: CertificateSet) { say("certificate in use: \(set.subject)") }
    func certificatesRefused(_ error: TLSError) { say("certificate files refused: \(error)") }
    func certificateExpiresSoon(_ set: CertificateSet, secondsLeft: Int64) {
        say("the certificate expires in \(secondsLeft) s")
    }

    private func say(_ line: String) {
        FileHandle.standardError.write(Data("rpc-bench-server: \(line)\n".utf8))
    }
}
