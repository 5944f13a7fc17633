"""DataSource: a registered source given a short key. Verified against its domain's listing, never written."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from dpsync.model.base import Spec
from dpsync.model.fields import Refers
from dpsync.model.kind import Kind
from dpsync.model.reference import Reference, SourcePath, SourceReference


def _text_of_number(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class DataSourceSpec(Spec):
    """Which live source this is: by its path on the platform, by its display name, or by its id."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [name]} for name in ("id", "name", "table", "prefix")]}
    )

    domain: Annotated[
        Reference,
        Field(description="A domain that has it, by key, name or id.", examples=["sales"]),
        Refers("Domain"),
    ]
    name: Annotated[
        str | None,
        Field(min_length=1, description="Its display name in the marketplace.", examples=["Sales Customers"]),
    ] = None
    id: Annotated[
        str | None,
        BeforeValidator(_text_of_number),
        WithJsonSchema(
            {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d+$"}]},
            mode="validation",
        ),
        Field(pattern=r"^\d+$", description="Its id, a whole number.", examples=["4711"]),
    ] = None
    platform: Annotated[
        str | None, Field(min_length=1, description="Snowflake, Databricks, …", examples=["Snowflake"])
    ] = None
    hostname: Annotated[
        str | None,
        Field(min_length=1, description="The platform's host.", examples=["acme.snowflakecomputing.example"]),
    ] = None
    database: Annotated[
        str | None, Field(min_length=1, description="Database or catalog.", examples=["ANALYTICS"])
    ] = None
    db_schema: Annotated[
        str | None, Field(alias="schema", min_length=1, description="Schema.", examples=["SALES"])
    ] = None
    table: Annotated[str | None, Field(min_length=1, description="Table or view.", examples=["ORDERS"])] = (
        None
    )
    prefix: Annotated[
        str | None, Field(min_length=1, description="Prefix of S3 objects.", examples=["exports/orders/"])
    ] = None

    @model_validator(mode="after")
    def _says_which(self) -> DataSourceSpec:
        if not any((self.id, self.name, self.table, self.prefix)):
            raise ValueError("say which source it is: by id, name, table or prefix")
        return self

    @property
    def reference(self) -> SourceReference:
        """The source that is meant, as one entry of a product's `sources` would say it."""
        if self.id is not None:
            return SourceReference("id", self.id)
        path = SourcePath(
            self.platform, self.hostname, self.database, self.db_schema, self.table, self.prefix
        )
        if self.table is not None or self.prefix is not None:
            return SourceReference("path", str(path), path)
        return SourceReference("name", str(self.name), path)

    @property
    def title(self) -> str:
        return self.name or str(self.reference)


DATA_SOURCE = Kind(
    name="DataSource",
    plural="data sources",
    noun="data source",
    rank=1,
    written=False,
    spec=DataSourceSpec,
    pinned_by="spec.id",
)
