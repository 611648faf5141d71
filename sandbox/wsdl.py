"""What the service publishes of itself: ?wsdl and ?xsd=1, written from the published operations and real messages."""

from __future__ import annotations

from sandbox.soap import NS, OPERATIONS

# The real service announces this kind of address (http, port 80) although only https answers: clients must not follow it.
ANNOUNCED = "http://test.elfatoora.invalid:80/ElfatouraServices/EfactService"
_XS = "http://www.w3.org/2001/XMLSchema"


def wsdl() -> bytes:
    """The service description."""
    messages, operations, bindings = [], [], []
    for name in sorted(OPERATIONS):
        for message in (name, f"{name}Response"):
            messages.append(
                f'<message name="{message}"><part name="parameters" element="tns:{message}"/></message>'
            )
        operations.append(
            f'<operation name="{name}"><input wsam:Action="{NS}EfactService/{name}Request" message="tns:{name}"/>'
            f'<output wsam:Action="{NS}EfactService/{name}Response" message="tns:{name}Response"/></operation>'
        )
        bindings.append(
            f'<operation name="{name}"><soap:operation soapAction=""/><input><soap:body use="literal"/></input>'
            '<output><soap:body use="literal"/></output></operation>'
        )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" '
        f'xmlns:tns="{NS}" xmlns:wsam="http://www.w3.org/2007/05/addressing/metadata" xmlns:xsd="{_XS}" '
        f'targetNamespace="{NS}" name="EfactServiceService">'
        f'<types><xsd:schema><xsd:import namespace="{NS}" schemaLocation="{ANNOUNCED}?xsd=1"/></xsd:schema></types>'
        + "".join(messages)
        + '<portType name="EfactService">'
        + "".join(operations)
        + "</portType>"
        '<binding name="EfactServicePortBinding" type="tns:EfactService">'
        '<soap:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/>'
        + "".join(bindings)
        + "</binding>"
        '<service name="EfactServiceService"><port name="EfactServicePort" binding="tns:EfactServicePortBinding">'
        f'<soap:address location="{ANNOUNCED}"/></port></service></definitions>'
    ).encode()


def schema() -> bytes:
    """The message types (?xsd=1)."""

    def type_(name, *fields):
        return (
            f'<xs:complexType name="{name}"><xs:sequence>'
            + "".join(fields)
            + "</xs:sequence></xs:complexType>"
        )

    def field(name, kind="string", many=False):
        prefix = "" if ":" in kind else "xs:"
        bound = ' maxOccurs="unbounded" nillable="true"' if many else ""
        return f'<xs:element name="{name}" type="{prefix}{kind}" minOccurs="0"{bound}/>'

    elements = "".join(
        f'<xs:element name="{name}" type="tns:{name}"/>'
        for operation in sorted(OPERATIONS)
        for name in (operation, f"{operation}Response")
    )
    identity = (field("arg0"), field("arg1"), field("arg2"))
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        f'<xs:schema xmlns:xs="{_XS}" xmlns:tns="{NS}" version="1.0" targetNamespace="{NS}">'
        + elements
        + '<xs:element name="FaultBean" type="tns:faultBean"/>'
        + type_("saveEfact", *identity, field("arg3", "base64Binary"))
        + type_("saveEfactResponse", field("return"))
        + type_("consultEfact", *identity, field("arg3", "tns:efactCriteria"))
        + type_("consultEfactResponse", field("return", "tns:efactCriteria", many=True))
        + type_("verifyQrCode", *identity, field("arg3"))
        + type_("verifyQrCodeResponse", field("return"))
        + type_(
            "efactCriteria",
            field("amount", "decimal"),
            field("amountTax", "decimal"),
            field("dateDebutDocument", "dateTime"),
            field("dateDebutProcess", "dateTime"),
            field("dateDocument", "dateTime"),
            field("dateFinDocument", "dateTime"),
            field("dateFinProcess", "dateTime"),
            field("dateProcess", "dateTime"),
            field("documentNumber"),
            field("documentType"),
            field("generatedRef"),
            field("idSaveEfact", "long"),
            field("listAcknowlegments", "tns:acknowlegment", many=True),
            field("listAttachement", "tns:attachement", many=True),
            field("xmlContent", "base64Binary"),
        )
        + type_("acknowlegment", field("dateAck", "dateTime"), field("errors", "tns:error", many=True))
        + type_("error", field("errorDescription"), field("errorId"))
        + type_("attachement", field("fileoutContent", "base64Binary"), field("nameAttach"))
        + type_("faultBean", field("faultCode"), field("faultMessage"))
        + "</xs:schema>"
    ).encode()
